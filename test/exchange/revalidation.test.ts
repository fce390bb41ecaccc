import { expect } from 'chai';
import { pino } from 'pino';
import { EVERY_REQUEST } from '../../lib/stats/recent-requests.ts';
import { CacheRig } from '../fixtures/cache-rig.ts';
import { H2Client } from '../fixtures/h2-client.ts';
import type { TestPlane } from '../fixtures/plane.ts';

/** Of a stale reply its server is asked whether it still holds (RFC 9111 4.3). */
describe('stale replies', () => {
  const site = new CacheRig();
  /** What the server has, by its tag and time. */
  let tag = '"one"';
  let modified = '';
  /** Further fields of a 200 and of a 304. */
  let fields = '';
  let news = '';
  beforeEach(() => {
    tag = '"one"';
    modified = '';
    fields = 'Cache-Control: no-cache\r\n';
    news = '';
  });
  afterEach(() => site.stop());

  const script = (count: number, request: string): string => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'im').exec(request)?.[1];
    const validators =
      (tag === '' ? '' : `ETag: ${tag}\r\n`) + (modified === '' ? '' : `Last-Modified: ${modified}\r\n`);
    const isSame =
      tag === '' ? modified !== '' && field('if-modified-since') === modified : field('if-none-match') === tag;
    if (isSame) return `HTTP/1.1 304 Not Modified\r\n${validators}${news}\r\n`;
    const body = request.startsWith('HEAD') ? '' : `${tag}${modified} ${count}`;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${validators}${fields}\r\n${body}`;
  };
  const before = (cache: object = {}, more: object = {}): Promise<TestPlane> => site.before(script, cache, more);
  const body = async (plane: TestPlane, lines = ''): Promise<string> => (await site.ask(plane, lines)).body.toString();
  const conditions = (): readonly string[] =>
    site.asked.map((request) =>
      request
        .split('\r\n')
        .filter((line) => /^if-/i.test(line))
        .join(),
    );

  it('are given again where the server says that they still hold', async () => {
    const plane = await before();
    for (let i = 0; i < 3; i++) expect(await body(plane)).to.equal('"one" 1');
    expect(conditions()).to.deep.equal(['', 'If-None-Match: "one"', 'If-None-Match: "one"']);
    tag = '"two"';
    expect(await body(plane)).to.equal('"two" 4');
    expect(await body(plane)).to.equal('"two" 4');
    expect(conditions().slice(3)).to.deep.equal(['If-None-Match: "one"', 'If-None-Match: "two"']);
  });

  it('by the time of their last change, or by both', async () => {
    tag = '';
    modified = 'Thu, 01 Jan 2026 00:00:00 GMT';
    const plane = await before();
    for (let i = 0; i < 2; i++) expect(await body(plane)).to.equal(`${modified} 1`);
    expect(conditions()[1]).to.equal(`If-Modified-Since: ${modified}`);
    tag = '"x"';
    for (let i = 0; i < 2; i++) expect(await body(plane)).to.equal(`"x"${modified} 3`);
    expect(conditions()[3]).to.equal(`If-None-Match: "x",If-Modified-Since: ${modified}`);
  });

  it('with what the server says anew, and are fresh for as long as it says then', async () => {
    fields = 'Cache-Control: max-age=0\r\nX-Count: 1\r\nX-Kept: 1\r\n';
    news = 'Cache-Control: max-age=60\r\nX-Count: 2\r\nX-Count: 3\r\nContent-Type: text/evil\r\nContent-Length: 99\r\n';
    const plane = await before();
    await site.ask(plane);
    for (let i = 0; i < 2; i++) {
      const reply = await site.ask(plane);
      expect([reply.status, reply.body.toString()]).to.deep.equal([200, '"one" 1']);
      expect(reply.fields).to.include({ 'x-count': '2, 3', 'x-kept': '1', age: '0', 'content-length': '7' });
      expect(reply.fields).to.not.have.any.keys('content-type');
    }
    expect(site.asked).to.have.length(2);
  });

  it('answer 304 to those who have them, whatever these know them by', async () => {
    const plane = await before();
    await site.ask(plane);
    for (const lines of ['If-None-Match: "one"\r\n', 'If-None-Match: "old", "one"\r\n', 'If-None-Match: *\r\n']) {
      const { status, fields: told, body: none } = await site.ask(plane, lines);
      expect([status, told['etag'], none.length]).to.deep.equal([304, '"one"', 0]);
    }
    // Of another one the client has nothing.
    expect(await body(plane, 'If-None-Match: "old"\r\nIf-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n')).to.equal(
      '"one" 1',
    );
    expect(new Set(conditions().slice(1))).to.deep.equal(new Set(['If-None-Match: "one"']));
  });

  it('on a connection that goes on on both sides, to HEAD and by HTTP/2', async () => {
    const plane = await before();
    await site.ask(plane);
    const client = await site.rig.client(plane.port);
    for (let i = 0; i < 3; i++) {
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.until(new RegExp(`(?:"one" 1[^]*){${i + 1}}`));
    }
    const head = await site.ask(plane, '', 'HEAD / HTTP/1.1');
    expect([head.status, head.body.length, head.fields['content-length']]).to.deep.equal([200, 0, '7']);
    const session = new H2Client(plane.port);
    const { status, text } = await session.ask({ ':path': '/' });
    expect([status, text]).to.deep.equal([200, '"one" 1']);
    await session.stop();
    expect(site.asked).to.have.length(6);
  });

  it('of a server that is spoken to by HTTP/1.1 over few connections', async () => {
    let connections = 0;
    const server = await site.rig.serve((connection) => {
      connections++;
      let at = 0;
      connection.socket.on('data', () => {
        for (let end; (end = connection.text.indexOf('\r\n\r\n', at)) !== -1;) {
          const request = connection.text.slice(at, end);
          at = end + 4;
          site.asked.push(request);
          connection.write(script(site.asked.length, request));
        }
      });
    });
    const plane = await site.rig.plane({
      domains: { 'a.test': 'up' },
      upstreams: { up: [server.port] },
      options: { up: { cache: { enabled: true } } },
    });
    for (let i = 0; i < 10; i++) await site.ask(plane);
    expect([site.asked.length, connections]).to.deep.equal([10, 1]);
  });

  it('to a client for whom they are too old', async () => {
    fields = 'Cache-Control: max-age=60\r\nAge: 20\r\n';
    const plane = await before();
    await site.ask(plane);
    expect(await body(plane, 'Cache-Control: max-age=0\r\n')).to.equal('"one" 1');
    expect(conditions()[1]).to.equal('If-None-Match: "one"');
  });

  describe('are forgotten', () => {
    it('where the server has changed its mind about who may have them', async () => {
      const plane = await before();
      await site.ask(plane);
      news = 'Set-Cookie: a=1\r\n';
      const { fields: told, body: given } = await site.ask(plane);
      expect([told['set-cookie'], given.toString()]).to.deep.equal(['a=1', '"one" 1']);
      expect((await site.ask(plane)).fields).to.not.have.any.keys('set-cookie');
      for (const forbidding of ['no-store', 'private']) {
        news = `Cache-Control: ${forbidding}\r\n`;
        await site.ask(plane);
        await site.ask(plane);
        expect(conditions().at(-1), forbidding).to.equal('');
      }
    });

    it('where there is something else now that may not be kept', async () => {
      const plane = await before();
      await site.ask(plane);
      tag = '"two"';
      fields = 'Cache-Control: private\r\n';
      await site.ask(plane);
      await site.ask(plane);
      expect(conditions()).to.deep.equal(['', 'If-None-Match: "one"', '']);
    });

    it('not where the server fails', async () => {
      let fails = false;
      const plane = await site.before((count, request) =>
        fails ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' : script(count, request),
      );
      await site.ask(plane);
      fails = true;
      expect((await site.ask(plane)).status).to.equal(503);
      fails = false;
      expect(await body(plane)).to.equal('"one" 1');
    });
  });

  it('are not asked about by what is no tag, nor where nothing is to be kept that does not say so', async () => {
    tag = 'bare';
    const plane = await before();
    await site.ask(plane);
    await site.ask(plane);
    tag = '"one"';
    fields = '';
    const other = await before({ expiration: '0s' });
    await site.ask(other);
    await site.ask(other);
    expect(conditions()).to.deep.equal(['', '', '', '']);
  });

  it('are not kept from another way of the graph, which is asked for what the client wants', async () => {
    const broken = await site.serve((_count, request) => {
      const isFirst = !request.toLowerCase().includes('if-none-match');
      return isFirst
        ? 'HTTP/1.1 200 OK\r\nETag: "a"\r\nCache-Control: no-cache\r\nContent-Length: 1\r\n\r\na'
        : 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';
    });
    const other = await site.serve((_count, request) =>
      request.toLowerCase().includes('if-none-match')
        ? 'HTTP/1.1 304 Not Modified\r\n\r\n'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ninstead',
    );
    const plane = await site.rig.plane({
      domains: {
        'a.test': {
          init: 'f',
          rules: {
            f: { type: 'fallback', args: { statuses: [503], next: 'one', to: 'two' } },
            one: { type: 'backend', args: { servername: 'broken' } },
            two: { type: 'backend', args: { servername: 'other' } },
          },
        },
      },
      upstreams: { broken: [broken.port], other: [other.port] },
      options: { broken: { cache: { enabled: true } } },
    });
    expect(await body(plane)).to.equal('a');
    const { status, body: given } = await site.ask(plane);
    expect([status, given.toString()]).to.deep.equal([200, 'instead']);
  });

  it('are told of in the last requests', async () => {
    const plane = await site.before(script, {}, {}, { recentRequests: 100, log: pino({ level: 'silent' }) });
    await site.ask(plane);
    await site.ask(plane);
    tag = '"two"';
    await site.ask(plane);
    const told = JSON.stringify(await plane.plane.answer({ kind: 'requests', filter: EVERY_REQUEST }));
    expect(told.match(/"cache":"\w+"/g)).to.deep.equal([
      '"cache":"EXPIRED"',
      '"cache":"REVALIDATED"',
      '"cache":"MISS"',
    ]);
  });
});
