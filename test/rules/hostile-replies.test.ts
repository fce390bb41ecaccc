import { expect } from 'chai';
import { Site, to, type Answering } from '../fixtures/site.ts';

/** Servers and clients that want the worst of what asks routes by itself. */
describe('replies that are values, from hostile servers and for hostile clients', () => {
  const site = new Site();
  afterEach(() => site.close());

  const raw = (body: string | Buffer, type = 'application/json'): Answering => {
    return (_got, response) => response.setHeader('Content-Type', type).end(body);
  };
  /** Asks `up`, and tells what is known of the reply. */
  const asking = (answer: Answering, texts: readonly string[], args: object = {}): Promise<unknown> =>
    site.open({
      domains: {
        'a.test': {
          ask: ['ask', { name: 'up', to: 'to', next: 'answer', failed: 'failed', ...args }],
          to: to('up'),
          answer: ['respond', { json: texts, headers: { 'X-Value': texts[0] ?? '' } }],
          failed: ['respond', { status: 502, body: 'failed' }],
        },
      },
      servers: { up: answer },
    });
  const known = async (): Promise<readonly string[]> =>
    JSON.parse((await site.ask('GET a.test/')).body) as readonly string[];

  describe('members', () => {
    const rows: Readonly<Record<string, readonly [body: string | Buffer, member: string, value: string]>> = {
      'a number with more digits than a double has': ['{"a":12345678901234567890}', 'a', '12345678901234567890'],
      'such a one in an object': ['{"a":{"b":[12345678901234567891]}}', 'a', '{"b":[12345678901234567891]}'],
      'no member of such a one': ['{"a":12345678901234567890}', 'a.rawJSON', '-'],
      'a number beyond all numbers': ['{"a":1e999}', 'a', '1e999'],
      'a usual number': ['{"a":1e3,"b":12345678901234567890}', 'a', '1000'],
      'of equal names the last': ['{"a":1,"a":2}', 'a', '2'],
      'a name of every object': ['{"__proto__":{"a":1}}', '__proto__.a', '1'],
      'what only prototypes have': ['{"a":{}}', 'a.toString', '-'],
      'what only a prototype that was said has': ['{"__proto__":{"a":1}}', 'a', '-'],
      'what is no UTF-8': [Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), 'a', '\ufffd'],
      'a byte order mark before it': ['\ufeff{"a":1}', 'a', '1'],
      'a half of a pair': ['{"a":"\\ud800x"}', 'a', '\ud800x'],
      'deeper than anybody reads': ['['.repeat(5000), '0', '-'],
      'deep, and whole': [`${'['.repeat(5000)}${']'.repeat(5000)}`, '0.0.x', '-'],
      'deep, with a long number': [`${'['.repeat(4000)}12345678901234567890${']'.repeat(4000)}`, 'x', '-'],
    };
    for (const [name, [body, member, value]] of Object.entries(rows))
      it(name, async () => {
        await asking(raw(body), [`\${asked.up.body.${member}|-}`]);
        expect(await known()).to.deep.equal([value]);
      });
  });

  it('no value ends a field, a path, a query, or a host', async () => {
    const evil = 'x\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: b?&=#/ %0d%0a\u2028\u0119';
    await site.open({
      domains: {
        'a.test': {
          one: ['ask', { name: 'one', to: 'first', next: 'two' }],
          two: [
            'ask',
            {
              name: 'two',
              path: '/p/${asked.one.body.v}/${asked.one.body}',
              query: 'a=${asked.one.body.v}&b=1',
              headers: { 'X-V': '${asked.one.body.v}', 'X-B': '${asked.one.body}' },
              to: 'second',
              next: 'end',
            },
          ],
          first: to('first'),
          second: to('second'),
          end: ['respond', { body: '', headers: { 'X-V': '${asked.one.body.v}' } }],
        },
      },
      servers: { first: raw(JSON.stringify({ v: evil })), second: null },
    });
    const { fields, status } = await site.ask('GET a.test/');
    expect([status, fields.get('x-evil')]).to.deep.equal([200, undefined]);
    const got = site.got.get('second') ?? [];
    expect(got).to.have.length(1);
    expect(got[0]?.fields).to.not.have.any.keys('x-evil');
    expect(got[0]?.target).to.match(/^\/p\/x%0D%0AX-Evil[^/?]*\/%7B[^/?]*\?a=x%0D%0A[^&#]*&b=1$/);
  });

  it('no value is a step up in a path', async () => {
    await site.open({
      domains: {
        'a.test': {
          ask: ['ask', { name: 'up', path: '/users/${query.id}/name', to: 'to', next: 'answer' }],
          to: to('up'),
          answer: ['respond', { body: 'asked' }],
        },
      },
      servers: ['up'],
    });
    for (const id of ['..', '.', '%2e%2e', '%2E.'])
      expect((await site.ask(`GET a.test/?id=${id}`)).status, id).to.equal(400);
    expect(site.got.get('up') ?? []).to.deep.equal([]);
    expect((await site.ask('GET a.test/?id=..x')).body).to.equal('asked');
    expect(site.got.get('up')?.[0]?.target).to.equal('/users/..x/name?id=..x');
  });

  describe('what a client wants of its reply is not asked of routes', () => {
    const conditions: Readonly<Record<string, Record<string, string>>> = {
      'a part': { Range: 'bytes=0-3' },
      'a part on condition': { Range: 'bytes=0-3', 'If-Range': '"x"' },
      'nothing if it has it': { 'If-None-Match': '*' },
      'nothing if it is not new': { 'If-Modified-Since': 'Fri, 31 Dec 2100 00:00:00 GMT' },
      'nothing if it is another one': { 'If-Match': '"x"', 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    };
    /** A server that does as it is told. */
    const obeys: Answering = ({ method, fields }, response) => {
      response.setHeader('Content-Type', 'application/json');
      if (fields['if-match'] !== undefined || fields['if-unmodified-since'] !== undefined)
        response.writeHead(412).end();
      else if (fields['if-none-match'] !== undefined || fields['if-modified-since'] !== undefined)
        response.writeHead(304).end();
      else if (fields.range !== undefined) response.writeHead(206).end('{"a"');
      else response.end(method === 'HEAD' ? '' : '{"a":1}');
    };
    for (const [name, fields] of Object.entries(conditions))
      for (const rule of ['ask', 'aggregate'])
        it(`${name}: ${rule}`, async () => {
          if (rule === 'ask') await asking(obeys, ['${asked.up.body.a|-}']);
          else
            await site.open({
              domains: { 'a.test': { all: ['aggregate', { routes: [{ to: 'to' }] }], to: to('up') } },
              servers: { up: obeys },
            });
          const { status, body } = await site.ask('GET a.test/', { fields });
          expect([status, body.trim()]).to.deep.equal([200, rule === 'ask' ? '["1"]' : '[{"a":1}]']);
        });

    it('no body: HEAD is answered as GET would be', async () => {
      await site.open({
        domains: { 'a.test': { all: ['aggregate', { routes: [{ to: 'to' }] }], to: to('up') } },
        servers: { up: obeys },
      });
      const { status, body, fields } = await site.ask('HEAD a.test/');
      expect([status, body, fields.get('content-length')]).to.deep.equal([200, '', ['10']]);
      expect(site.got.get('up')?.[0]?.method).to.equal('GET');
    });

    it('but what is written under a condition still is', async () => {
      await site.open({
        domains: {
          'a.test': { all: ['aggregate', { routes: [{ to: 'to', body: true }] }], to: to('up') },
        },
        servers: { up: raw('1') },
      });
      await site.ask('PUT a.test/', { body: 'x', fields: { 'If-Match': '"x"' } });
      expect(site.got.get('up')?.[0]?.fields['if-match']).to.equal('"x"');
    });
  });

  describe('aggregate', () => {
    const merging = (bodies: Readonly<Record<string, string | Buffer>>, args: object): Promise<unknown> =>
      site.open({
        domains: {
          'a.test': {
            all: ['aggregate', { invalid: 'invalid', ...args }],
            invalid: ['respond', { status: 502, body: 'invalid' }],
            ...Object.fromEntries(Object.keys(bodies).map((name) => [name, to(name)])),
          },
        },
        servers: Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, raw(body)])),
      });
    const answer = async (): Promise<string> => (await site.ask('GET a.test/')).body.trim();

    it('changes no number, in a list and by name', async () => {
      const body = '{"id": 12345678901234567890, "x": 1.10}';
      await merging({ up: body }, { routes: [{ to: 'up' }] });
      expect(await answer()).to.equal(`[${body}]`);
      await site.close();
      await merging({ up: body }, { merge: 'object', routes: [{ to: 'up', name: 'a' }] });
      expect(await answer()).to.equal(`{"a":${body}}`);
    });

    it('nor where members of several are put together', async () => {
      await merging(
        {
          one: '{"id":12345678901234567890,"a":{"b":98765432109876543210}}',
          two: '{"a":1,"__proto__":{"x":1},"c":"\\u00e9"}',
        },
        { merge: 'object', routes: [{ to: 'one' }, { to: 'two' }] },
      );
      expect(await answer()).to.equal('{"id":12345678901234567890,"a":1,"__proto__":{"x":1},"c":"é"}');
    });

    it('what is no JSON is invalid, whatever it is', async () => {
      for (const body of [
        '',
        '{"a":1}{"b":2}',
        '{"a":1},"evil":{',
        Buffer.from([0x22, 0xff, 0x22]),
        '[1,]',
        'NaN',
        '['.repeat(100_000),
        `{"a":${'['.repeat(100_000)}`,
      ]) {
        await merging({ up: body }, { routes: [{ to: 'up' }] });
        expect(await answer(), String(body).slice(0, 20)).to.equal('invalid');
        await site.close();
      }
    });

    it('nothing is too deep to be passed on, and what cannot be put together is invalid', async () => {
      const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      await merging({ up: deep }, { routes: [{ to: 'up' }] });
      expect(await answer()).to.equal(`[${deep}]`);
      await site.close();
      await merging({ up: deep }, { merge: 'object', routes: [{ to: 'up' }] });
      expect(await answer()).to.be.oneOf([deep, 'invalid']);
    });
  });

  describe('servers that do not end well', () => {
    const rows: Readonly<Record<string, Answering>> = {
      'drip for longer than the timeout': (_got, response) => {
        response.write('{');
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
      'reset in the middle': (_got, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('{"a":1');
        setImmediate(() => response.socket?.resetAndDestroy());
      },
      'end chunks too early': (_got, response) => {
        response.write('{"a":1}');
        setImmediate(() => response.socket?.end());
      },
      'never end': (_got, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
    };
    for (const [name, answering] of Object.entries(rows))
      it(name, async () => {
        await asking(answering, ['${asked.up.body|-}'], { timeout: '300ms' });
        const { status, body } = await site.ask('GET a.test/');
        expect([status, body]).to.deep.equal([502, 'failed']);
      });
  });
});
