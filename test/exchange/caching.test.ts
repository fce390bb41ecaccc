import { expect } from 'chai';
import { pino } from 'pino';
import { EVERY_REQUEST } from '../../lib/stats/recent-requests.ts';
import { answerEach } from '../fixtures/cache-rig.ts';
import { H2Client } from '../fixtures/h2-client.ts';
import type { RawClient, TestPlane } from '../fixtures/plane.ts';
import { decoded, rawReply, type RawReply } from '../fixtures/raw-reply.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

type Reply = (count: number, request: string) => string;

describe('cache of replies', () => {
  const rig = new Rig();
  const sessions: H2Client[] = [];
  /** Requests that came to the server. */
  let asked: string[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.stop();
    await rig.stop();
    asked = [];
  });

  const serve = (reply: Reply) =>
    rig.serve((connection: RawClient) => {
      answerEach(connection, (request) => reply(asked.push(request), request));
    });

  async function before(reply: Reply, options: object = {}, more: object = {}): Promise<TestPlane> {
    const server = await serve(reply);
    return rig.proxying([server.port], {}, { cache: { enabled: true, ...options }, ...more });
  }

  async function ask(plane: TestPlane, lines = '', line = 'GET / HTTP/1.1', host = 'a.test'): Promise<RawReply> {
    const client = await rig.client(plane.port);
    client.write(`${line}\r\nHost: ${host}\r\n${lines}Connection: close\r\n\r\n`);
    return rawReply(await client.untilClosed());
  }

  const ok = (fields = '', body?: string): Reply => {
    return (count) => {
      const text = body ?? `reply ${count}`;
      const type = fields.includes('Content-Type') ? '' : 'Content-Type: text/plain\r\n';
      return `HTTP/1.1 200 OK\r\n${type}Content-Length: ${text.length}\r\n${fields}\r\n${text}`;
    };
  };

  it('gives the same reply again, with its age', async () => {
    const plane = await before(ok('X-A: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n'));
    const first = await ask(plane);
    expect([first.body.toString(), first.fields['age']]).to.deep.equal(['reply 1', undefined]);
    const { status, fields, body } = await ask(plane);
    expect([status, body.toString(), asked.length]).to.deep.equal([200, 'reply 1', 1]);
    expect(fields).to.include({ age: '0', 'x-a': '1', 'content-length': '7', 'content-type': 'text/plain' });
    expect(fields['date']).to.equal(first.fields['date']);
    expect(fields).to.not.have.any.keys('x-hop');
  });

  it('whatever framing a reply came in', async () => {
    const plane = await before(
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    );
    for (let i = 0; i < 2; i++) expect((await ask(plane)).body.toString()).to.equal('abcde');
    expect((await ask(plane)).fields).to.include({ 'content-length': '5' });
    const old = await rig.client(plane.port);
    old.write('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
    expect(rawReply(await old.untilClosed()).body.toString()).to.equal('abcde');
    expect(asked).to.have.length(1);
  });

  it('keeps connections, also where requests are pipelined, and answers HEAD and HTTP/2 by what GET has brought', async () => {
    const plane = await before(ok());
    await ask(plane);
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(50));
    await turnsUntil(() => client.text.split('reply 1').length === 51);
    const head = await ask(plane, '', 'HEAD / HTTP/1.1');
    expect([head.body.length, head.fields['content-length'], head.fields['age']]).to.deep.equal([0, '7', '0']);
    const h2 = new H2Client(plane.port);
    sessions.push(h2);
    const replies = await Promise.all(Array.from({ length: 20 }, () => h2.ask({ ':path': '/' })));
    for (const { status, text, code } of replies) expect([status, text, code]).to.deep.equal([200, 'reply 1', 0]);
    expect(asked).to.have.length(1);
  });

  it('what a large reply takes is given as the client takes it', async () => {
    const body = 'x'.repeat(4_000_000);
    const plane = await before(ok('', body), { max_entry_bytes: 5_000_000 });
    await ask(plane);
    const client = await rig.client(plane.port);
    client.socket.pause();
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    client.socket.resume();
    expect(rawReply(await client.untilClosed()).body.length).to.equal(4_000_000);
    // One that goes away in the middle.
    const other = await rig.client(plane.port);
    other.socket.pause();
    other.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    other.destroy();
    expect((await ask(plane)).body.length).to.equal(4_000_000);
    expect(asked).to.have.length(1);
  });

  describe('keeps apart', () => {
    const apart: Readonly<Record<string, readonly [line: string, host: string, lines: string]>> = {
      paths: ['GET /b HTTP/1.1', 'a.test', ''],
      queries: ['GET /?x=1 HTTP/1.1', 'a.test', ''],
      hosts: ['GET / HTTP/1.1', 'b.test', ''],
      ports: ['GET / HTTP/1.1', 'a.test:81', ''],
    };
    for (const [name, [line, host, lines]] of Object.entries(apart))
      it(name, async () => {
        const server = await serve(ok());
        const plane = await rig.plane({
          domains: { 'a.test': 'up', 'b.test': 'up' },
          upstreams: { up: [server.port] },
          options: { up: { cache: { enabled: true }, host: { from: 'fixed', name: 'server.test' } } },
        });
        const bodies = [];
        for (let i = 0; i < 2; i++) {
          bodies.push((await ask(plane)).body.toString());
          bodies.push((await ask(plane, lines, line, host)).body.toString());
        }
        expect(bodies).to.deep.equal(['reply 1', 'reply 2', 'reply 1', 'reply 2']);
      });

    it('what the graph tells the server', async () => {
      const server = await serve(ok());
      const graph = {
        init: 'ua',
        rules: {
          ua: { type: 'ua', args: { pattern: 'beta', succ: 'beta', fail: 'all' } },
          beta: { type: 'backend', args: { servername: 'up', 'X-Variant': 'beta' } },
          all: { type: 'backend', args: { servername: 'up' } },
        },
      };
      const plane = await rig.plane({
        domains: { 'a.test': graph },
        upstreams: { up: [server.port] },
        options: { up: { cache: { enabled: true } } },
      });
      const bodies = [];
      for (const agent of ['x', 'beta', 'x', 'beta'])
        bodies.push((await ask(plane, `User-Agent: ${agent}\r\n`)).body.toString());
      expect(bodies).to.deep.equal(['reply 1', 'reply 2', 'reply 1', 'reply 2']);
    });

    it('what a reply depends on (Vary), and codings of ELB beside', async () => {
      const body = 'text '.repeat(500);
      const plane = await before(ok('Vary: Accept-Language\r\n', body), {}, { compression: { enabled: true } });
      for (const language of ['de', 'en', 'de', 'en']) {
        const { fields, body: got } = await ask(plane, `Accept-Language: ${language}\r\nAccept-Encoding: gzip\r\n`);
        expect([decoded(got, 'gzip'), fields['vary']]).to.deep.equal([body, 'Accept-Language, Accept-Encoding']);
      }
      expect((await ask(plane, 'Accept-Language: de\r\n')).body.toString()).to.equal(body);
      expect(asked).to.have.length(2);
    });

    it('what a trusted proxy says of the client, and nobody else', async () => {
      const server = await serve(ok());
      const bodies: string[] = [];
      for (const trustedProxies of [[], ['127.0.0.0/8']]) {
        asked = [];
        const plane = await rig.plane(
          {
            domains: { 'a.test': 'up' },
            upstreams: { up: [server.port] },
            options: { up: { cache: { enabled: true } } },
          },
          {},
          { trustedProxies },
        );
        for (const lines of ['', 'X-Forwarded-Proto: https\r\n', 'X-Forwarded-Host: evil.test\r\n'])
          bodies.push((await ask(plane, lines)).body.toString());
      }
      expect(bodies).to.deep.equal(['reply 1', 'reply 1', 'reply 1', 'reply 1', 'reply 2', 'reply 3']);
    });

    it('upstreams, and the servers that are no more', async () => {
      const blue = await serve(() => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblue');
      const green = await serve(() => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngreen');
      const cache = { cache: { enabled: true } };
      const plane = await rig.plane({
        domains: { 'a.test': 'blue' },
        upstreams: { blue: [blue.port], green: [green.port] },
        options: { blue: cache, green: cache },
      });
      const said = async (): Promise<string> => (await ask(plane)).body.toString();
      expect([await said(), await said()]).to.deep.equal(['blue', 'blue']);
      plane.put({ domains: { 'a.test': 'green' } });
      expect(await said()).to.equal('green');
      plane.put({ domains: { 'a.test': 'blue' }, upstreams: { blue: [green.port] } });
      expect(await said()).to.equal('green');
      expect(asked).to.have.length(3);
      plane.put({ options: { blue: {} } });
      await said();
      expect(asked).to.have.length(4);
    });
  });

  const kept: Readonly<Record<string, string>> = {
    'a reply that says nothing': '',
    'max-age': 'Cache-Control: max-age=60\r\n',
    's-maxage before max-age': 'Cache-Control: max-age=0, s-maxage=60\r\n',
    'Expires in the future': 'Expires: Fri, 31 Dec 2100 00:00:00 GMT\r\n',
    'Cache-Control before Expires': 'Cache-Control: max-age=60\r\nExpires: 0\r\n',
    'must-revalidate': 'Cache-Control: must-revalidate\r\n',
    'an age below the bound': 'Cache-Control: max-age=60\r\nAge: 50\r\n',
    'a quoted argument with a directive in it': 'Cache-Control: max-age=60, ext="a, private"\r\n',
  };
  const notKept: Readonly<Record<string, string>> = {
    'no-store': 'Cache-Control: no-store\r\n',
    private: 'Cache-Control: Private, max-age=60\r\n',
    'private for a field': 'Cache-Control: private="X-A", max-age=60\r\n',
    'no-cache': 'Cache-Control: no-cache\r\n',
    'no-cache in a second field': 'Cache-Control: max-age=60\r\nCache-Control: no-cache\r\n',
    'max-age=0': 'Cache-Control: max-age=0\r\n',
    's-maxage=0': 'Cache-Control: max-age=60, s-maxage=0\r\n',
    'a max-age that is none': 'Cache-Control: max-age=soon\r\n',
    'max-age twice': 'Cache-Control: max-age=60, max-age=70\r\n',
    'Expires in the past': 'Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n',
    'Expires that is no date': 'Expires: 0\r\n',
    'an age beyond the bound': 'Cache-Control: max-age=60\r\nAge: 60\r\n',
    'a Date long ago': 'Cache-Control: max-age=60\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n',
    'Vary: *': 'Vary: *\r\n',
    'what differs for each client': 'Vary: X-Forwarded-For\r\n',
    events: 'Content-Type: Text/Event-Stream; charset=utf-8\r\n',
    'a cookie': 'Set-Cookie: a=1\r\nCache-Control: public, max-age=60\r\n',
  };
  const twice = async (fields: string, lines = ''): Promise<number> => {
    const plane = await before(ok(fields));
    await ask(plane, lines);
    await ask(plane, lines);
    return asked.length;
  };
  describe('keeps, of replies,', () => {
    for (const [name, fields] of Object.entries(kept)) it(name, async () => expect(await twice(fields)).to.equal(1));
    for (const [name, fields] of Object.entries(notKept))
      it(`not: ${name}`, async () => expect(await twice(fields)).to.equal(2));
    it('not: one that says nothing, with no time to be kept', async () => {
      const plane = await before(ok(), { expiration: '0s' });
      await ask(plane);
      await ask(plane);
      expect(asked).to.have.length(2);
    });
    it('not: statuses and methods that are not named', async () => {
      const plane = await before(() => 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n', {
        statuses: ['200'],
        methods: ['GET'],
      });
      await ask(plane);
      await ask(plane);
      await ask(plane, '', 'HEAD / HTTP/1.1');
      expect(asked).to.have.length(3);
    });
    it('not: what is larger than an entry may be, or breaks off', async () => {
      const plane = await before(
        (count) =>
          count > 2
            ? 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'
            : 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n',
        { max_entry_bytes: 10 },
      );
      for (let i = 0; i < 4; i++) await ask(plane);
      expect(asked).to.have.length(3);
    });
    it('not: what has trailers', async () => {
      const plane = await before(
        () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n',
      );
      for (let i = 0; i < 2; i++) expect((await ask(plane)).trailers).to.equal('X-T: 1\r\n');
    });
  });

  describe('looks, for requests,', () => {
    const past: Readonly<Record<string, string>> = {
      'no-cache': 'Cache-Control: no-cache\r\n',
      'no-store': 'Cache-Control: no-store\r\n',
      Pragma: 'Pragma: no-cache\r\n',
      'a part': 'Range: bytes=0-1\r\n',
      'a condition on the server': 'If-Match: "x"\r\n',
      'a body': 'Content-Length: 1\r\n',
      'an upgrade': 'Connection: upgrade\r\nUpgrade: websocket\r\n',
    };
    for (const [name, lines] of Object.entries(past))
      it(`not: ${name}`, async () => {
        const plane = await before(ok());
        await ask(plane);
        const client = await rig.client(plane.port);
        const connection = lines.includes('upgrade') ? '' : 'Connection: close\r\n';
        client.write(`GET / HTTP/1.1\r\nHost: a.test\r\n${lines}${connection}\r\n${name === 'a body' ? 'x' : ''}`);
        await client.until(/reply 2/);
        expect((await ask(plane)).body.toString()).to.equal('reply 1');
      });

    it('not: those older than they want, or fresh for a shorter time', async () => {
      const plane = await before(ok('Cache-Control: max-age=60\r\nAge: 20\r\n'));
      await ask(plane);
      expect((await ask(plane, 'Cache-Control: max-age=30, min-fresh=30\r\n')).body.toString()).to.equal('reply 1');
      expect((await ask(plane, 'Cache-Control: max-age=10\r\n')).body.toString()).to.equal('reply 2');
      expect((await ask(plane, 'Cache-Control: min-fresh=50\r\n')).body.toString()).to.equal('reply 3');
    });

    it('nowhere else if they say so', async () => {
      const plane = await before(ok());
      const lines = 'Cache-Control: only-if-cached\r\n';
      expect((await ask(plane, lines)).status).to.equal(504);
      await ask(plane);
      expect((await ask(plane, lines)).status).to.equal(200);
      expect(asked).to.have.length(1);
    });

    it('of clients that the server knows, for what is said to be for all', async () => {
      const lines = 'Authorization: Basic YTpi\r\n';
      expect(await twice('', lines)).to.equal(2);
      expect(await twice('Cache-Control: max-age=60\r\n', lines)).to.equal(4);
      for (const fields of ['public', 's-maxage=60', 'must-revalidate']) {
        asked = [];
        expect(await twice(`Cache-Control: ${fields}\r\n`, lines), fields).to.equal(1);
      }
      // Nor do they get what was kept of others.
      asked = [];
      const plane = await before(ok('Cache-Control: max-age=60\r\n'));
      await ask(plane);
      expect((await ask(plane, lines)).body.toString()).to.equal('reply 2');
      expect((await ask(plane)).body.toString()).to.equal('reply 1');
    });

    it('with a cookie, for what says how long it is fresh', async () => {
      expect(await twice('', 'Cookie: a=1\r\n')).to.equal(2);
      asked = [];
      expect(await twice('Cache-Control: max-age=60\r\n', 'Cookie: a=1\r\n')).to.equal(1);
      asked = [];
      const plane = await before(ok());
      await ask(plane);
      expect((await ask(plane, 'Cookie: a=1\r\n')).body.toString()).to.equal('reply 2');
    });

    it('and says 304 to those that have the reply', async () => {
      const plane = await before(ok('ETag: "x"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nVary: Accept\r\n'));
      await ask(plane);
      for (const lines of [
        'If-None-Match: "x"\r\n',
        'If-None-Match: "y", W/"x"\r\n',
        'If-None-Match: *\r\n',
        'If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n',
      ]) {
        const { status, fields, body } = await ask(plane, lines);
        expect([status, body.length, fields['etag'], fields['vary']], lines).to.deep.equal([304, 0, '"x"', 'Accept']);
        expect(fields).to.not.have.any.keys('content-length', 'content-type');
      }
      for (const lines of [
        'If-None-Match: "y"\r\n',
        'If-Modified-Since: Wed, 31 Dec 2025 00:00:00 GMT\r\n',
        'If-None-Match: "y"\r\nIf-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n',
      ])
        expect((await ask(plane, lines)).body.toString(), lines).to.equal('reply 1');
      expect(asked).to.have.length(1);
    });
  });

  it('forgets a URI that something was written to', async () => {
    const plane = await before(ok());
    await ask(plane);
    await ask(plane, '', 'GET /other HTTP/1.1');
    await ask(plane, 'Content-Length: 0\r\n', 'POST / HTTP/1.1');
    expect((await ask(plane)).body.toString()).to.equal('reply 4');
    expect((await ask(plane, '', 'GET /other HTTP/1.1')).body.toString()).to.equal('reply 2');
  });

  it('asks again once a reply is not fresh any more', async () => {
    const plane = await before(ok(), { expiration: '100ms' });
    await ask(plane);
    while (asked.length < 2) await ask(plane);
    expect((await ask(plane)).body.toString()).to.match(/reply [2-9]/);
  });

  it('stays within its bytes: what was not asked for longest makes room', async () => {
    const plane = await before(ok('', 'x'.repeat(10_000)), { max_bytes: 65_536, max_entry_bytes: 16_384 });
    for (let i = 0; i < 20; i++) {
      await ask(plane, '', `GET /${i} HTTP/1.1`);
      // Always wanted.
      await ask(plane, '', 'GET /0 HTTP/1.1');
    }
    expect(asked).to.have.length(20);
    await ask(plane, '', 'GET /19 HTTP/1.1');
    expect(asked).to.have.length(20);
    await ask(plane, '', 'GET /1 HTTP/1.1');
    expect(asked).to.have.length(21);
  });

  it('a reply goes on to be changed by the graph, and another way if its status says so', async () => {
    const server = await serve(() => 'HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno');
    const plane = await rig.plane({
      domains: {
        'a.test': {
          init: 'a',
          rules: {
            a: { type: 'response-headers', args: { set: { 'X-Path': '${path}' }, next: 'b' } },
            b: { type: 'backend', args: { servername: 'up' } },
          },
        },
        'b.test': {
          init: 'a',
          rules: {
            a: { type: 'fallback', args: { statuses: [404], next: 'b', to: 'c' } },
            b: { type: 'backend', args: { servername: 'up' } },
            c: { type: 'respond', args: { status: 200, body: 'instead' } },
          },
        },
      },
      upstreams: { up: [server.port] },
      options: { up: { cache: { enabled: true } } },
    });
    for (let i = 0; i < 2; i++) expect((await ask(plane)).fields['x-path']).to.equal('/');
    expect(asked).to.have.length(1);
    for (let i = 0; i < 2; i++) {
      const { status, body } = await ask(plane, '', 'GET / HTTP/1.1', 'b.test');
      expect([status, body.toString()]).to.deep.equal([200, 'instead']);
    }
  });

  it('is told in the last requests, and by an explanation', async () => {
    const server = await serve(ok());
    const plane = await rig.plane(
      { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] }, options: { up: { cache: { enabled: true } } } },
      {},
      { recentRequests: 100, log: pino({ level: 'silent' }) },
    );
    const explained = () =>
      plane.plane.answer({
        kind: 'explain',
        request: { head: 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', client: '127.0.0.1', secure: false, stream: null },
      });
    expect(JSON.stringify(await explained())).to.include('goes to 127.0.0.1');
    await ask(plane);
    expect(JSON.stringify(await explained())).to.include('a reply that is kept of upstream up answers');
    await ask(plane);
    await ask(plane, 'Cache-Control: no-cache\r\n');
    const told = JSON.stringify(await plane.plane.answer({ kind: 'requests', filter: EVERY_REQUEST }));
    expect(told.match(/"cache":"\w+"/g)).to.deep.equal(['"cache":"BYPASS"', '"cache":"HIT"', '"cache":"MISS"']);
  });
});
