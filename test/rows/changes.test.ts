import { expect } from 'chai';
import { startCalled } from '../fixtures/called.ts';
import { Site, to, type Answering, type Nodes } from '../fixtures/site.ts';

/** What a graph makes of requests and replies. */
describe('changes of requests and replies', () => {
  const site = new Site();
  afterEach(() => site.close());

  const behind = (node: Nodes[string], answering: Answering | null = null) =>
    site.open({ domains: { 'a.test': { node, server: to('server') } }, servers: { server: answering } });

  it('pages of other origins: a preflight is answered, a request has its fields, and others none', async () => {
    await behind([
      'cors',
      {
        origins: ['https://shop.test', 'https://*.shop.test'],
        methods: ['GET', 'PUT'],
        headers: ['X-Token'],
        expose: ['X-Total'],
        credentials: true,
        max_age: 60,
        next: 'server',
      },
    ]);
    const asked = { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-token' };
    const preflight = await site.ask('OPTIONS a.test/x', { fields: { Origin: 'https://eu.shop.test', ...asked } });
    expect([200, 204]).to.include(preflight.status);
    expect(preflight.got).to.equal(null);
    expect(preflight.fields.get('access-control-allow-origin')).to.deep.equal(['https://eu.shop.test']);
    expect(preflight.fields.get('access-control-allow-methods')).to.deep.equal(['GET, PUT']);
    expect(preflight.fields.get('access-control-max-age')).to.deep.equal(['60']);
    const simple = await site.ask('GET a.test/x', { fields: { Origin: 'https://shop.test' } });
    expect([simple.status, simple.fields.get('access-control-allow-origin')]).to.deep.equal([
      200,
      ['https://shop.test'],
    ]);
    expect(simple.fields.get('access-control-expose-headers')).to.deep.equal(['X-Total']);
    for (const fields of [{ Origin: 'https://evil.test' }, { Origin: 'https://evilshop.test' }, {}]) {
      const other = await site.ask('GET a.test/x', { fields });
      expect([other.status, other.fields.get('access-control-allow-origin')]).to.deep.equal([200, undefined]);
    }
    // OPTIONS that is no preflight is the server's.
    expect((await site.ask('OPTIONS a.test/x', { fields: { Origin: 'https://shop.test' } })).got?.method).to.equal(
      'OPTIONS',
    );
  });

  describe('of a request', () => {
    for (const [args, target] of [
      [{ path: '/whole' }, '/whole?q=1'],
      [{ add_prefix: '/v2' }, '/v2/api/x?q=1'],
      [{ strip_prefix: '/api' }, '/x?q=1'],
      [{ pattern: '^/api/(.*)$', to: '/rest/$1' }, '/rest/x?q=1'],
      [{ query: { set: { q: '2', p: 'a b' }, remove: ['x'] } }, '/api/x?q=2&p=a%20b'],
    ] as const)
      it(`its target: ${JSON.stringify(args)}`, async () => {
        await behind(['rewrite', { ...args, next: 'server' }]);
        expect((await site.ask('GET a.test/api/x?q=1')).got?.target).to.equal(target);
      });

    it('its method, its body with the right length, and its fields: gone, set and added', async () => {
      await site.open({
        domains: {
          'a.test': {
            method: ['request-method', { method: 'PUT', next: 'fields' }],
            fields: [
              'request-headers',
              {
                remove: ['X-Old'],
                set: { 'X-Adapt-Key': 'goodplan', 'X-From': '${header.X-Who|nobody} at ${client}' },
                add: { 'X-Via': 'elb' },
                next: 'body',
              },
            ],
            body: ['request-body', { json: { who: '${header.X-Who}', path: '${path}' }, next: 'server' }],
            server: to('server'),
          },
        },
        servers: ['server'],
      });
      const fields = { 'X-Old': '1', 'X-Adapt-Key': 'bad', 'X-Via': 'client', 'X-Who': 'a"n' };
      const { got } = await site.ask('POST a.test/x', { fields, body: 'long '.repeat(100) });
      expect([got?.method, got?.body]).to.deep.equal(['PUT', '{"who":"a\\"n","path":"/x"}\n']);
      expect(got?.fields).to.include({
        'x-adapt-key': 'goodplan',
        'x-from': 'a"n at 127.0.0.1',
        'x-via': 'client, elb',
        'content-length': String(got?.body.length),
      });
      expect(got?.fields).to.not.have.property('x-old');
    });
  });

  it('of a reply: fields, and a body with the right length', async () => {
    const replies: Answering = (_got, response) => {
      response
        .writeHead(203, { 'Content-Length': '1000', Server: 'secret', ETag: '"a"', 'X-A': '1' })
        .end('x'.repeat(1000));
    };
    await site.open({
      domains: {
        'a.test': {
          fields: ['response-headers', { set: { 'X-A': '2' }, add: { 'X-B': '3' }, remove: ['Server'], next: 'body' }],
          body: ['response-body', { body: '{"instead": true}', type: 'application/json', next: 'server' }],
          server: to('server'),
        },
      },
      servers: { server: replies },
    });
    const { status, body, fields } = await site.ask('GET a.test/');
    expect([status, body, fields.get('content-length')]).to.deep.equal([203, '{"instead": true}', ['17']]);
    expect([fields.get('x-a'), fields.get('x-b'), fields.get('server'), fields.get('etag')]).to.deep.equal([
      ['2'],
      ['3'],
      undefined,
      undefined,
    ]);
  });

  it('answers instead of a server: by path, by prefix, for all others, and late', async () => {
    await site.open({
      domains: {
        'a.test': {
          rules: [
            'switch',
            {
              on: 'path',
              cases: [
                { exact: '/one', to: 'one' },
                { prefix: '/two/', to: 'two' },
              ],
              default: 'late',
            },
          ],
          one: ['respond', { status: 201, headers: { 'X-Mock': 'one' }, body: 'first' }],
          two: ['respond', { status: 204 }],
          late: ['respond', { status: 404, body: 'ö', delay_ms: 100 }],
        },
      },
    });
    const one = await site.ask('GET a.test/one');
    expect([one.status, one.body, one.fields.get('x-mock')]).to.deep.equal([201, 'first', ['one']]);
    expect((await site.ask('GET a.test/two/x')).status).to.equal(204);
    expect((await site.ask('GET a.test/one/')).status).to.equal(404);
    const before = performance.now();
    const late = await site.ask('GET a.test/other');
    expect([late.status, late.body, late.fields.get('content-length')]).to.deep.equal([404, 'ö', ['2']]);
    expect(performance.now() - before).to.be.above(90);
  });

  describe('several replies in one', () => {
    const route = (name: string): Nodes[string] => [
      'request-headers',
      { set: { 'X-Route': name }, next: `${name}-up` },
    ];
    async function open(args: object, replies: Readonly<Record<string, Answering>>): Promise<void> {
      const ends = Object.keys(replies).flatMap((name) => [
        [name, route(name)] as const,
        [`${name}-up`, to(name)] as const,
      ]);
      await site.open({
        domains: {
          'a.test': {
            all: [
              'aggregate',
              {
                routes: Object.keys(replies).map((name) => ({ to: name, body: true })),
                failed: 'failed',
                invalid: 'invalid',
                ...args,
              },
            ],
            ...Object.fromEntries(ends),
            failed: ['respond', { status: 503, body: 'failed' }],
            invalid: ['respond', { status: 599, body: 'invalid' }],
          },
        },
        servers: replies,
      });
    }
    const json =
      (value: unknown, status = 200): Answering =>
      (_got, response) =>
        void response.writeHead(status).end(JSON.stringify(value));
    const html: Answering = (_got, response) => void response.end('<html>');

    it('as an object or as a list, in the order of the routes', async () => {
      await open({ merge: 'object' }, { a: json({ x: 1, y: 1 }), b: json({ y: 2, z: 3 }) });
      const { status, body } = await site.ask('POST a.test/p', { fields: { 'X-Own': 'own' }, body: 'hello' });
      expect([status, JSON.parse(body)]).to.deep.equal([200, { x: 1, y: 2, z: 3 }]);
      for (const name of ['a', 'b']) {
        const [got] = site.got.get(name) ?? [];
        // What the client sends goes to each of them.
        expect([got?.body, got?.fields['x-own'], got?.fields['x-route'], got?.target]).to.deep.equal([
          'hello',
          'own',
          name,
          '/p',
        ]);
      }
      await site.close();
      await open({}, { a: json({ x: 1 }), b: json([2]) });
      expect(JSON.parse((await site.ask('POST a.test/', { body: '1' })).body)).to.deep.equal([{ x: 1 }, [2]]);
    });

    for (const [what, replies, partial, status] of [
      ['one that fails', { a: json({}), b: json({}, 500) }, false, 503],
      ['one that is no JSON', { a: json({}), b: html }, false, 599],
      ['one of each', { a: html, b: json({}, 404) }, false, 503],
      ['one that fails, which may', { a: json({ a: 1 }), b: json({}, 500) }, true, 200],
      ['none but such', { a: html, b: html }, true, 599],
    ] as const)
      it(`with ${what}: ${status}`, async () => {
        await open({ partial }, replies);
        expect((await site.ask('GET a.test/')).status).to.equal(status);
      });

    it('for a request that is not too large', async () => {
      await open({ max_body: 4 }, { a: json({}) });
      expect((await site.ask('POST a.test/', { body: '12345' })).status).to.equal(413);
      expect(site.got.get('a')).to.deep.equal([]);
    });

    it('of a hundred requests at once, none gets what is of another', async () => {
      const echo: Answering = (got, response) =>
        void response.end(JSON.stringify({ [got.server]: got.fields['x-id'] }));
      await open({ merge: 'object' }, { a: echo, b: echo, c: echo });
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) => site.ask('GET a.test/', { fields: { 'X-Id': `id-${i}` } })),
      );
      for (const [i, { body }] of replies.entries())
        expect(JSON.parse(body)).to.deep.equal({ a: `id-${i}`, b: `id-${i}`, c: `id-${i}` });
    });
  });

  describe('as another program says', () => {
    const remote = (url: string): Nodes[string] => ['remote', { url, body: true, next: 'server' }];

    it('it changes method, path, query, fields and body, and is told of all of them', async () => {
      const program = await startCalled(({ body }, response) => {
        const { request } = JSON.parse(body) as { request: { header: Record<string, string[]>; body: string } };
        response.end(
          JSON.stringify({
            request: {
              method: 'PUT',
              path: '/changed',
              query: 'a=2',
              header: { ...request.header, 'X-Remote': ['yes'] },
              body: Buffer.from(`${Buffer.from(request.body, 'base64').toString()}!`).toString('base64'),
            },
          }),
        );
      });
      await behind(remote(program.url));
      const { got } = await site.ask('POST a.test/x?a=1', { fields: { 'X-Own': 'own' }, body: 'hello' });
      expect([got?.method, got?.target, got?.body]).to.deep.equal(['PUT', '/changed?a=2', 'hello!']);
      expect([got?.fields['x-remote'], got?.fields['x-own']]).to.deep.equal(['yes', 'own']);
      expect(JSON.parse(program.heard[0]?.body ?? '')).to.have.nested.include({
        'request.realIP': '127.0.0.1',
        'request.method': 'POST',
        'request.scheme': 'http',
        'request.host': 'a.test',
        'request.path': '/x',
        'request.query': 'a=1',
        'request.body': Buffer.from('hello').toString('base64'),
      });
      await program.stop();
    });

    it('it may say again what it was told: that goes on as it came, byte by byte and line by line', async () => {
      const program = await startCalled(({ body }, response) => void response.end(body));
      await site.open({
        domains: { 'a.test': { node: remote(program.url), server: to('server') } },
        servers: { server: (_got, response) => void response.end(JSON.stringify(response.req.rawHeaders)) },
      });
      const fields = { 'X-Bytes': '\u00ff\u00e9', 'X-Two': ['1', '2'], 'X-Case': 'x', Cookie: ['a=1', 'b=2'] };
      const { body } = await site.ask('GET a.test/', { fields });
      const lines = JSON.parse(body) as readonly string[];
      const of = (name: string) => lines.filter((_, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === name);
      expect(of('x-bytes')).to.deep.equal(['\u00ff\u00e9']);
      expect([of('x-two'), of('cookie'), of('host')]).to.deep.equal([['1', '2'], ['a=1', 'b=2'], ['a.test']]);
      await program.stop();
    });

    for (const [what, status, said, expected, text] of [
      ['205 ends it', 205, undefined, 200, ''],
      [
        'a response ends it',
        200,
        { response: { statusCode: 418, body: Buffer.from('tea').toString('base64') } },
        418,
        'tea',
      ],
      ['500 is 503', 500, {}, 503, '503'],
      ['300 is 503', 300, {}, 503, '503'],
      ['a status that is none is 503', 200, { response: { statusCode: 600 } }, 503, '503'],
    ] as const)
      it(what, async () => {
        const program = await startCalled((_heard, response) => {
          response.writeHead(status).end(said === undefined ? undefined : JSON.stringify(said));
        });
        await behind(remote(program.url));
        const reply = await site.ask('GET a.test/');
        expect([reply.status, reply.body.slice(0, 3)]).to.deep.equal([expected, text]);
        expect(site.got.get('server')).to.deep.equal([]);
        await program.stop();
      });
  });
});
