import { expect } from 'chai';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { aggregate } from '../../rules/aggregate.ts';
import { breaker } from '../../rules/breaker.ts';
import { fallback } from '../../rules/fallback.ts';
import { mirror } from '../../rules/mirror.ts';
import { answering, type TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { OK, SERVERS, type ServerPeer } from '../peers/servers.ts';
import { problemsOf, ruleContract } from './contract.ts';

type Nodes = Record<string, readonly [type: string, args: Record<string, unknown>]>;

/** A graph that begins with its first node. */
function graph(nodes: Nodes): GraphDocument {
  const rules = Object.fromEntries(Object.entries(nodes).map(([name, [type, args]]) => [name, { type, args }]));
  return { init: Object.keys(nodes)[0] ?? '', rules };
}

const replying =
  (status: number, body = ''): ServerPeer =>
  (connection) =>
    answering(`HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`)(connection);
const to = (servername: string) => ['backend', { servername }] as const;

describe('ways beside the first one', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  async function ask(port: number, request = 'GET /p?q HTTP/1.1\r\nHost: a.test\r\n\r\n'): Promise<string> {
    const client = await rig.client(port);
    client.write(request);
    const head = await client.until(/\r\n\r\n/);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    await client.untilLength(head.indexOf('\r\n\r\n') + 4 + length);
    return client.text;
  }
  const post = (body: string): string =>
    `POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  describe('rule fallback', () => {
    ruleContract(fallback, [{}, { on: ['timeout'], statuses: [404, 503], non_idempotent: true }]);

    const nodes = (args: object = {}): Nodes => ({
      way: ['fallback', { ...args, next: 'first', to: 'second' }],
      first: ['rewrite', { add_prefix: '/first', next: 'set' }],
      set: ['request-headers', { set: { 'X-Way': '1' }, next: 'a' }],
      a: to('a'),
      second: ['respond', { status: 200, body: 'sorry' }],
    });
    const onward: Nodes = { second: to('b') };

    const failures: readonly (readonly [what: string, peer: ServerPeer, on: string])[] = [
      ['closes', SERVERS.closesOnRequest, 'closed'],
      ['is silent', SERVERS.neverAnswers, 'timeout'],
      ['says what is not HTTP', SERVERS.garbage, 'invalid'],
    ];
    for (const [what, peer, on] of failures)
      it(`answers otherwise where a server ${what}, if it is told to`, async () => {
        const bad = await rig.serve(peer);
        const slow = { time: ['timeout', { first_byte: '100ms', next: 'way' }] } as const;
        const table = (args: object) => ({
          domains: { 'a.test': graph({ ...slow, ...nodes(args) }) },
          upstreams: { a: [{ port: bad.port, maxFails: 0 }] },
        });
        expect(await ask((await rig.plane(table({}))).port)).to.match(/^HTTP\/1.1 200 [^]*sorry$/);
        expect(await ask((await rig.plane(table({ on: [on] }))).port)).to.match(/sorry$/);
        const others = ['connect', 'closed', 'timeout', 'invalid', 'unavailable'].filter((one) => one !== on);
        expect(await ask((await rig.plane(table({ on: others }))).port)).to.match(/^HTTP\/1.1 50[24] /);
      });

    it('takes an upstream without servers, and one that refuses connections, for failures', async () => {
      const gone = await rig.serve(() => undefined);
      await gone.stop();
      const { port } = await rig.plane({ domains: { 'a.test': graph(nodes()) } });
      expect(await ask(port)).to.match(/sorry$/);
      const refused = await rig.plane({
        domains: { 'a.test': graph(nodes({ on: ['connect'] })) },
        upstreams: { a: [gone.port] },
      });
      expect(await ask(refused.port)).to.match(/sorry$/);
    });

    it('replaces a reply with one of its statuses, and passes every other one on', async () => {
      const bad = await rig.serve(replying(503, 'broken'));
      const table = {
        domains: { 'a.test': graph(nodes({ statuses: [503] })), 'b.test': graph(nodes({ statuses: [500] })) },
        upstreams: { a: [bad.port] },
      };
      const { port } = await rig.plane(table);
      expect(await ask(port)).to.match(/^HTTP\/1.1 200 [^]*sorry$/);
      expect(await ask(port, 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')).to.match(/^HTTP\/1.1 503 [^]*broken$/);
    });

    it('sends the request to another upstream as it was before the first way, body and all, and goes on with the connection', async () => {
      const bad = await rig.serve(replying(404));
      const good = await rig.serve(answering(OK));
      const { port } = await rig.plane({
        domains: { 'a.test': graph({ ...nodes({ statuses: [404], non_idempotent: true }), ...onward }) },
        upstreams: { a: [bad.port], b: [good.port] },
      });
      const client = await rig.client(port);
      for (let i = 0; i < 3; i++) {
        client.received = Buffer.alloc(0);
        client.write(post(`body${i}`));
        expect(await client.until(/ok$/)).to.match(/^HTTP\/1.1 200 /);
      }
      expect(bad.connections[0]?.text).to.include('POST /first/p HTTP/1.1\r\n').and.include('X-Way: 1');
      expect(good.connections[0]?.text).to.match(/^POST \/p HTTP\/1.1\r\n[^]*body0POST [^]*body2$/);
      expect(good.connections[0]?.text).to.not.include('X-Way');
    });

    it('sends nothing twice that must not be, and nothing that is no longer there', async () => {
      const bad = await rig.serve(SERVERS.closesOnRequest);
      const good = await rig.serve(answering(OK));
      const table = (args: object) => ({
        domains: { 'a.test': graph({ ...nodes(args), ...onward }) },
        upstreams: { a: [bad.port], b: [good.port] },
      });
      expect(await ask((await rig.plane(table({}))).port, post('x'))).to.match(/^HTTP\/1.1 502 /);
      const large = await rig.plane(table({ non_idempotent: true }), { maxReplayBytes: 10 });
      expect(await ask(large.port, post('x'.repeat(1000)))).to.match(/^HTTP\/1.1 502 /);
      expect(good.connections).to.have.length(0);
      expect(await ask((await rig.plane(table({ non_idempotent: true }))).port, post('x'))).to.match(/ok$/);
    });

    it('goes the innermost way that fits, each once', async () => {
      const bad = await rig.serve(replying(500));
      const worse = await rig.serve(replying(502));
      const { port } = await rig.plane({
        domains: {
          'a.test': graph({
            outer: ['fallback', { statuses: [502], next: 'inner', to: 'last' }],
            inner: ['fallback', { statuses: [500, 502], next: 'a', to: 'b' }],
            a: to('a'),
            b: to('b'),
            last: ['respond', { body: 'last' }],
          }),
        },
        upstreams: { a: [{ port: bad.port, maxFails: 0 }], b: [worse.port] },
      });
      expect(await ask(port)).to.match(/last$/);
      expect([bad, worse].map(({ connections }) => connections.length)).to.deep.equal([1, 1]);
    });

    it('answers 408 after half a second where a graph says so', async () => {
      const slow = await rig.serve(SERVERS.neverAnswers);
      const { port } = await rig.plane({
        domains: {
          'a.test': graph({
            way: ['fallback', { on: ['timeout'], next: 'time', to: 'late' }],
            time: ['timeout', { request: '200ms', next: 'a' }],
            a: to('a'),
            late: ['respond', { status: 408, headers: { 'X-EG-Time-Limiter': 'timed-out' } }],
          }),
        },
        upstreams: { a: [slow.port] },
      });
      expect(await ask(port)).to.match(/^HTTP\/1.1 408 [^]*X-EG-Time-Limiter: timed-out/);
      await slow.connections[0]?.untilEnd();
    });
  });

  describe('rule breaker', () => {
    ruleContract(breaker, [{}, { window: 'time', size: 10, failures: ['500-599'], key: 'x' }]);

    it('opens when too many fail, and closes when a trial is good; what is behind it is left alone meanwhile', async () => {
      let status = 500;
      const seen: string[] = [];
      const server = await rig.serve((connection) => {
        connection.socket.on('data', () => {
          seen.push(connection.text);
          connection.write(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
        });
      });
      const document = graph({
        way: [
          'breaker',
          { size: 4, minimum: 4, failure_rate: 50, open: '300ms', trial: 1, failures: ['500'], next: 'once' },
        ],
        once: ['retry', { tries: 1, next: 'a' }],
        a: to('a'),
      });
      const plane = await rig.plane({
        domains: { 'a.test': document },
        upstreams: { a: [{ port: server.port, maxFails: 0 }] },
      });
      for (let i = 0; i < 4; i++) expect(await ask(plane.port)).to.match(/^HTTP\/1.1 500 /);
      const refused = await ask(plane.port);
      expect(refused).to.match(/^HTTP\/1.1 503 [^]*Retry-After: \d/);
      expect(seen).to.have.length(4);
      // The state is the node's, not the document's.
      plane.put({ domains: { 'a.test': document } });
      expect(await ask(plane.port)).to.match(/^HTTP\/1.1 503 /);
      status = 200;
      const end = performance.now() + 10_000;
      while (!(await ask(plane.port)).startsWith('HTTP/1.1 200') && performance.now() < end)
        await new Promise(setImmediate);
      for (let i = 0; i < 3; i++) expect(await ask(plane.port)).to.match(/^HTTP\/1.1 200 /);
    });

    for (const [scope, reached] of [
      ['instance', 5],
      ['worker', 10],
    ] as const)
      it(`counts in the workers of an instance together, or by itself: ${scope}`, async () => {
        let served = 0;
        const server = await rig.serve((connection) => {
          connection.socket.on('data', () => {
            served++;
            connection.write('HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n');
          });
        });
        const document = graph({
          way: ['breaker', { size: 5, minimum: 5, scope, failures: ['500'], key: 'shared', next: 'once' }],
          once: ['retry', { tries: 1, next: 'a' }],
          a: to('a'),
        });
        const upstreams = { a: [{ port: server.port, maxFails: 0 }] };
        // Two workers as their primary ties them: what one has seen goes to the other.
        const told: [number, number] = [0, 0];
        const planes: TestPlane[] = [];
        const start = (own: 0 | 1): Promise<TestPlane> =>
          rig.plane(
            { domains: { 'a.test': document }, upstreams },
            {},
            {
              tell: ({ breakers }) => {
                told[own] += breakers.reduce((sum, { failed }) => sum + failed, 0);
                planes[1 - own]?.plane.learn({ barred: [], failures: [], breakers });
              },
            },
          );
        planes.push(await start(0), await start(1));
        const [one, two] = [planes[0]?.port ?? 0, planes[1]?.port ?? 0];
        for (const port of [one, one, one, two, two]) expect(await ask(port)).to.match(/^HTTP\/1.1 500 /);
        if (scope === 'instance') {
          // Each has failed too seldom by itself; they have failed too often together.
          await turnsUntil(() => told[0] === 3 && told[1] === 2);
          for (const port of [one, two]) expect(await ask(port)).to.match(/^HTTP\/1.1 503 /);
        } else {
          for (const port of [one, one, two, two, two]) expect(await ask(port)).to.match(/^HTTP\/1.1 500 /);
          for (const port of [one, two]) expect(await ask(port)).to.match(/^HTTP\/1.1 503 /);
          expect(told).to.deep.equal([0, 0]);
        }
        expect(served).to.equal(reached);
      });

    it('counts what failed behind a fallback around it, and leads there while it is open', async () => {
      const bad = await rig.serve(replying(500));
      const { port } = await rig.plane({
        domains: {
          'a.test': graph({
            way: ['fallback', { statuses: [500], next: 'breaker', to: 'sorry' }],
            breaker: ['breaker', { size: 2, minimum: 2, failures: ['500'], next: 'once' }],
            once: ['retry', { tries: 1, next: 'a' }],
            a: to('a'),
            sorry: ['respond', { body: 'sorry' }],
          }),
        },
        upstreams: { a: [{ port: bad.port, maxFails: 0 }] },
      });
      for (let i = 0; i < 6; i++) expect(await ask(port)).to.match(/^HTTP\/1.1 200 [^]*sorry$/);
      expect(bad.connections).to.have.length(2);
    });

    it('refuses bad args', () => {
      expect(problemsOf(breaker, { window: 'none' }).map(({ at }) => at)).to.deep.equal(['/window']);
      expect(problemsOf(breaker, { size: 0 }).map(({ at }) => at)).to.deep.equal(['/size']);
    });
  });

  describe('rule mirror', () => {
    ruleContract(mirror, [{ upstream: 'next' }, { upstream: '127.0.0.1:8080', share: 0.5, max_body: 0 }], {
      isRandom: true,
    });

    it('sends the same request to both, and the client hears of one only', async () => {
      const whole: ServerPeer = (connection) =>
        void connection.until(/body$|\r\n0\r\n\r\n$/).then(() => connection.write(OK));
      const first = await rig.serve(whole);
      const copies = await rig.serve(SERVERS.neverAnswers);
      const { port } = await rig.plane({
        domains: { 'a.test': graph({ way: ['mirror', { upstream: 'b', next: 'a' }], a: to('a') }) },
        upstreams: { a: [first.port], b: [copies.port] },
      });
      expect(await ask(port, post('body'))).to.match(/ok$/);
      await turnsUntil(() => copies.connections[0]?.text.endsWith('body') === true);
      const [one, other] = [first, copies].map(({ connections }) => connections[0]?.text.split('\r\n').toSorted());
      expect(other).to.deep.equal(one);
    });

    it('sends a copy of a body that comes in chunks once all of it is there', async () => {
      const whole: ServerPeer = (connection) =>
        void connection.until(/\r\n0\r\n\r\n$/).then(() => connection.write(OK));
      const first = await rig.serve(whole);
      const copies = await rig.serve(SERVERS.neverAnswers);
      const { port } = await rig.plane({
        domains: { 'a.test': graph({ way: ['mirror', { upstream: 'b', next: 'a' }], a: to('a') }) },
        upstreams: { a: [first.port], b: [copies.port] },
      });
      const client = await rig.client(port);
      client.write('POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      await turnsUntil(() => first.connections[0]?.text.includes('abc') === true);
      expect(copies.connections).to.have.length(0);
      client.write('1\r\nd\r\n0\r\n\r\n');
      expect(await client.until(/ok$/)).to.match(/^HTTP\/1.1 200 /);
      await turnsUntil(() => copies.connections[0]?.text.endsWith('\r\n\r\nabcd') === true);
    });

    for (const [what, peer] of [
      ['is silent', SERVERS.neverAnswers],
      ['closes', SERVERS.closesOnRequest],
      ['answers without end', SERVERS.endlessHead],
      ['answers garbage', SERVERS.garbage],
    ] as const)
      it(`does not mind a mirror that ${what}, or is not there`, async () => {
        const first = await rig.serve(answering(OK));
        const copies = await rig.serve(peer);
        const document = (upstream: string) => graph({ way: ['mirror', { upstream, next: 'a' }], a: to('a') });
        const { port } = await rig.plane({
          domains: { 'a.test': document('b'), 'b.test': document('none') },
          upstreams: { a: [first.port], b: [copies.port] },
        });
        for (let i = 0; i < 3; i++) expect(await ask(port, post('body'))).to.match(/ok$/);
        expect(await ask(port, 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')).to.match(/ok$/);
      });

    it('copies a share, and no body that is larger than it may be', async () => {
      const first = await rig.serve(answering(OK));
      const copies = await rig.serve(answering(OK));
      const { port } = await rig.plane({
        domains: {
          'a.test': graph({ way: ['mirror', { upstream: 'b', max_body: 3, next: 'a' }], a: to('a') }),
          'b.test': graph({ way: ['mirror', { upstream: 'b', share: 0, next: 'a' }], a: to('a') }),
        },
        upstreams: { a: [first.port], b: [copies.port] },
      });
      await ask(port, post('body'));
      await ask(port, 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n');
      await ask(port, post('abc'));
      await turnsUntil(() => copies.connections[0]?.text.endsWith('abc') === true);
      expect(copies.connections).to.have.length(1);
    });
  });

  describe('rule aggregate', () => {
    const routes = [
      { to: 'a', path: '/users/1' },
      { to: 'b', body: true },
    ];
    ruleContract(
      aggregate,
      [{ routes }, { routes: [{ name: 'a' }, { headers: { 'X-A': 1 } }], merge: 'object', partial: true }],
      { isAsync: true },
    );

    const json = (body: string): ServerPeer => replying(200, body);
    async function plane(args: object, peers: readonly ServerPeer[]) {
      const servers = await Promise.all(peers.map((peer) => rig.serve(peer)));
      const upstreams = Object.fromEntries(servers.map(({ port }, i) => [`up${i}`, [{ port, maxFails: 0 }]]));
      const ends = Object.fromEntries(servers.map((_, i) => [`n${i}`, to(`up${i}`)]));
      const own = servers.map((_, i) => ({ to: `n${i}` }));
      const document = graph({
        all: ['aggregate', { routes: own, timeout: '500ms', ...args }],
        ...ends,
        mock: ['respond', { json: { mock: 1 } }],
      });
      const { port } = await rig.plane({ domains: { 'a.test': document }, upstreams });
      return { port, servers };
    }
    const body = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

    it('makes a list in the order of its routes, whoever is first', async () => {
      const { port, servers } = await plane({}, [SERVERS.neverAnswers, json('{"b":2}')]);
      const asked = ask(port);
      await turnsUntil(
        () => servers[1]?.connections.length === 1 && servers[0]?.connections[0]?.text.endsWith('\r\n\r\n') === true,
      );
      servers[0]?.connections[0]?.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n0\r\n\r\n',
      );
      expect(body(await asked)).to.equal('[{"a":1},{"b":2}]\n');
    });

    it('makes an object of members or of names, with answers of the graph as well', async () => {
      const members = await plane({ merge: 'object' }, [json('{"a":1,"c":1}'), json('{"b":2,"c":3,"__proto__":4}')]);
      expect(body(await ask(members.port))).to.equal('{"a":1,"c":3,"b":2,"__proto__":4}\n');
      const names = {
        merge: 'object',
        routes: [
          { to: 'n0', name: 'x' },
          { to: 'mock', name: 'y' },
        ],
      };
      const named = await plane(names, [json('[1]')]);
      expect(body(await ask(named.port))).to.equal('{"x":[1],"y":{"mock":1}}\n');
    });

    it('gives each route its own path, method, fields and body', async () => {
      const own = [
        { to: 'n0', path: '/x', headers: { 'X-A': 1 } },
        { to: 'n1', body: true },
        { to: 'n2', method: 'DELETE' },
      ];
      const { port, servers } = await plane({ routes: own }, [json('1'), json('2'), json('3')]);
      expect(body(await ask(port, post('body')))).to.equal('[1,2,3]\n');
      const [one = '', two = '', three = ''] = servers.map(({ connections }) => connections[0]?.text);
      expect(one)
        .to.match(/^GET \/x HTTP/)
        .and.include('X-A: 1\r\n')
        .and.match(/\r\n\r\n$/);
      expect(two)
        .to.match(/^POST \/p HTTP\/1.1\r\n[^]*\r\n\r\nbody$/)
        .and.not.include('X-A');
      expect(three).to.match(/^DELETE \/p HTTP/);
    });

    it('is the reply that nodes before it change, not what its routes say', async () => {
      const server = await rig.serve(json('{"a":1}'));
      const document = graph({
        field: ['response-headers', { add: { 'X-A': '${reply.status}' }, next: 'text' }],
        text: ['response-body', { body: 'all: ${reply.status}', next: 'all' }],
        all: ['aggregate', { routes: [{ to: 'n0' }], failed: 'lost', invalid: 'lost' }],
        n0: to('up0'),
        lost: ['respond', { status: 502, body: 'lost' }],
      });
      const { port } = await rig.plane({ domains: { 'a.test': document }, upstreams: { up0: [server.port] } });
      const answer = await ask(port);
      expect(answer).to.match(/^HTTP\/1.1 200 /);
      expect(answer.match(/X-A: 200\r\n/g)).to.have.length(1);
    });

    const failing: readonly (readonly [what: string, peer: ServerPeer])[] = [
      ['500', replying(500, '{}')],
      ['404', replying(404, '{}')],
      ['a redirect', replying(302)],
      ['no JSON', json('<html>')],
      ['nothing', json('')],
      ['a cut reply', SERVERS.cutsBody],
      ['no answer', SERVERS.neverAnswers],
      ['a closed connection', SERVERS.closesOnRequest],
      ['too much', json(`"${'x'.repeat(300)}"`)],
    ];
    for (const [what, peer] of failing)
      it(`answers 503 where a route says ${what}, unless some may fail`, async () => {
        const bounds = { max_reply: 300 };
        const strict = await plane(bounds, [json('{"a":1}'), peer]);
        expect(await ask(strict.port)).to.match(/^HTTP\/1.1 503 /);
        const lenient = await plane({ ...bounds, partial: true }, [json('{"a":1}'), peer]);
        expect(body(await ask(lenient.port))).to.equal('[{"a":1},null]\n');
      });

    it('answers 503 where all fail, whatever may', async () => {
      const { port } = await plane({ partial: true }, [replying(500)]);
      expect(await ask(port)).to.match(/^HTTP\/1.1 503 /);
    });

    it('refuses bad args', () => {
      expect(problemsOf(aggregate, { routes: [] }).map(({ at }) => at)).to.deep.equal(['/routes']);
      expect(problemsOf(aggregate, { routes: [{ path: '/%' }] }).map(({ at }) => at)).to.deep.equal(['/routes/0/path']);
      expect(problemsOf(aggregate, { routes: [{ name: 'x' }] }).map(({ at }) => at)).to.deep.equal(['/routes/0/name']);
      expect(problemsOf(aggregate, { routes: [{ headers: { Connection: 'x' } }] }).map(({ at }) => at)).to.deep.equal([
        '/routes/0/headers/Connection',
      ]);
    });
  });
});
