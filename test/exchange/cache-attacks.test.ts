import { expect } from 'chai';
import { CacheRig, counting } from '../fixtures/cache-rig.ts';
import type { TestPlane } from '../fixtures/plane.ts';
import { turnsUntil } from '../fixtures/rig.ts';

/** What the worst client, server and network would do with a cache that many share. */
describe('cache of replies, attacked', () => {
  const site = new CacheRig();
  afterEach(() => site.stop());

  /** Asks as somebody who sends these lines, then as everybody else, and again as both. */
  const poisoned = async (plane: TestPlane, lines: string, host = 'a.test'): Promise<readonly string[]> => {
    const bodies: string[] = [];
    for (const [text, name] of [
      [lines, host],
      ['', 'a.test'],
      [lines, host],
      ['', 'a.test'],
    ] as const)
      bodies.push((await site.ask(plane, text, 'GET / HTTP/1.1', name)).body.toString());
    return bodies;
  };

  describe('nobody gets what somebody else has asked for by', () => {
    const fields = [
      'X-Original-URL: /admin',
      'X-Rewrite-URL: /admin',
      'X-HTTP-Method-Override: POST',
      'X_HTTP_Method_Override: POST',
      'X-Forwarded-Port: 1234',
      'X-Forwarded-Prefix: /evil',
      'X-Forwarded-Scheme: nothttps',
      'X-Forwarded-Server: evil.test',
      'X-Host: evil.test',
      'Front-End-Https: on',
    ];
    for (const field of fields)
      it(field, async () => {
        const plane = await site.before(counting());
        expect(await poisoned(plane, `${field}\r\n`)).to.deep.equal(['reply 1', 'reply 2', 'reply 1', 'reply 2']);
      });

    it('what a trusted proxy says by Forwarded, but for the address', async () => {
      const plane = await site.before(counting(), {}, {}, { trustedProxies: ['127.0.0.0/8'] });
      expect(await poisoned(plane, 'Forwarded: for=1.2.3.4;host=evil.test\r\n')).to.deep.equal([
        'reply 1',
        'reply 2',
        'reply 1',
        'reply 2',
      ]);
      site.asked = [];
      const other = await site.before(counting(), {}, {}, { trustedProxies: ['127.0.0.0/8'] });
      expect(await poisoned(other, 'Forwarded: for=1.2.3.4\r\n')).to.deep.equal(Array(4).fill('reply 1'));
    });

    for (const host of ['A.TEST', 'a.test:80', 'a.test.', 'A.test:80'])
      it(`a host that is spelled ${host}, which its server sees`, async () => {
        const plane = await site.before(counting());
        expect(await poisoned(plane, '', host)).to.deep.equal(['reply 1', 'reply 2', 'reply 1', 'reply 2']);
        expect(site.asked[0]).to.include(`Host: ${host}\r\n`);
      });

    it('a field that he takes out by Connection, where the reply depends on it', async () => {
      const plane = await site.before((count, request) => {
        const language = /accept-language: (\w+)/i.exec(request)?.[1] ?? 'none';
        return counting('Vary: Accept-Language\r\n', `${language} ${count}`)(count, request);
      });
      const lines = 'Accept-Language: de\r\n';
      const evil = await site.ask(plane, `${lines}Connection: close, Accept-Language\r\n`);
      expect(evil.body.toString()).to.equal('none 1');
      expect((await site.ask(plane, lines)).body.toString()).to.equal('de 2');
      expect((await site.ask(plane)).body.toString()).to.equal('none 1');
    });

    it('a coding, whether the server says that it depends on that or not', async () => {
      const plane = await site.before((count, request) =>
        counting(request.includes('gzip') ? 'Content-Encoding: gzip\r\n' : '')(count, request),
      );
      const lines = 'Accept-Encoding: gzip\r\n';
      expect((await site.ask(plane, lines)).body.toString()).to.equal('reply 1');
      expect((await site.ask(plane)).body.toString()).to.equal('reply 2');
      expect((await site.ask(plane, lines)).body.toString()).to.be.oneOf(['reply 1', 'reply 2']);
      expect((await site.ask(plane)).fields).to.not.have.any.keys('content-encoding');
    });

    it('the order of a query, a body, or an address', async () => {
      const plane = await site.before(counting());
      expect((await site.ask(plane, '', 'GET /?a=1&b=2 HTTP/1.1')).body.toString()).to.equal('reply 1');
      expect((await site.ask(plane, '', 'GET /?b=2&a=1 HTTP/1.1')).body.toString()).to.equal('reply 2');
      expect((await site.ask(plane, '', 'GET /? HTTP/1.1')).body.toString()).to.equal('reply 3');
      // The same after the path is in its normal form.
      expect((await site.ask(plane, '', 'GET /x/../%61 HTTP/1.1')).body.toString()).to.equal('reply 4');
      expect((await site.ask(plane, '', 'GET /a HTTP/1.1')).body.toString()).to.equal('reply 4');
      expect((await site.ask(plane, '', 'GET http://a.test/a HTTP/1.1', 'other.test')).body.toString()).to.equal(
        'reply 4',
      );
    });
  });

  describe('odd spellings of a reply', () => {
    const notKept: Readonly<Record<string, string>> = {
      'no-store between other cases': 'Cache-Control: max-age=60, No-StOrE\r\n',
      'no-store with an argument': 'Cache-Control: no-store=1, max-age=60\r\n',
      'no-store behind a semicolon': 'Cache-Control: max-age=60; no-store\r\n',
      'private behind a quote that is never closed': 'Cache-Control: max-age=60, ext="a\r\nCache-Control: private\r\n',
      'max-age with a fraction': 'Cache-Control: max-age=60.5\r\n',
      'max-age with a sign': 'Cache-Control: max-age=+60\r\n',
      'a max-age that is less than none': 'Cache-Control: max-age=-60\r\n',
      'a max-age without a number': 'Cache-Control: max-age=\r\n',
      's-maxage that is none before a good max-age': 'Cache-Control: s-maxage=x, max-age=60\r\n',
      'an age of many digits': 'Cache-Control: max-age=60\r\nAge: 99999999999999999999\r\n',
      'several ages, of which the first counts': 'Cache-Control: max-age=60\r\nAge: 60, 1\r\n',
      'Expires twice': 'Expires: Fri, 31 Dec 2100 00:00:00 GMT\r\nExpires: Fri, 31 Dec 2100 00:00:00 GMT\r\n',
      'Vary: * among others': 'Vary: Accept\r\nVary: a, *\r\n',
      'Vary on more than anybody needs': `Vary: ${Array.from({ length: 17 }, (_, i) => `X-${i}`).join()}\r\n`,
    };
    for (const [name, fields] of Object.entries(notKept))
      it(`not kept: ${name}`, async () => {
        const plane = await site.before(counting(fields));
        await site.ask(plane);
        await site.ask(plane);
        expect(site.asked).to.have.length(2);
      });

    const kept: Readonly<Record<string, string>> = {
      'spaces around': 'Cache-Control:  max-age = 60 ,\r\n',
      'a quoted number': 'Cache-Control: max-age="60"\r\n',
      'a max-age beyond all numbers': 'Cache-Control: max-age=999999999999\r\n',
      'an age that is no number': 'Cache-Control: max-age=60\r\nAge: old\r\n',
      'a date that is none': 'Cache-Control: max-age=60\r\nDate: yesterday\r\n',
      'a date in the future': 'Cache-Control: max-age=60\r\nDate: Fri, 31 Dec 2100 00:00:00 GMT\r\n',
      'Vary without a name': 'Vary: ,\r\n',
    };
    for (const [name, fields] of Object.entries(kept))
      it(`kept: ${name}`, async () => {
        const plane = await site.before(counting(fields));
        await site.ask(plane);
        const { fields: told, body } = await site.ask(plane);
        expect(body.toString()).to.equal('reply 1');
        expect(told['age']).to.match(/^\d{1,10}$/);
        expect(site.asked).to.have.length(1);
      });
  });

  it('a tag may have commas in it', async () => {
    const plane = await site.before(counting('ETag: "a,b"\r\n'));
    await site.ask(plane);
    expect((await site.ask(plane, 'If-None-Match: "x", W/"a,b"\r\n')).status).to.equal(304);
    expect((await site.ask(plane, 'If-None-Match: "a", "b"\r\n')).status).to.equal(200);
  });

  it('a head that would be too large with what we put in is not kept', async () => {
    // 128 fields are a head's most; the length and the date would be the 129th and 130th.
    const fields = Array.from({ length: 127 }, (_, i) => `X-${i}: 1\r\n`).join('');
    const plane = await site.before(
      () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${fields}\r\n1\r\na\r\n0\r\n\r\n`,
    );
    for (let i = 0; i < 3; i++) expect((await site.ask(plane)).status).to.equal(200);
  });

  describe('a reply that is being recorded', () => {
    it('is not kept where it breaks off, is reset, or its client leaves', async () => {
      let breaks = true;
      const server = await site.rig.serve((connection) => {
        connection.socket.on('data', () => {
          site.asked.push('');
          if (breaks) {
            connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234');
            connection.socket.resetAndDestroy();
          } else connection.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
        });
      });
      const plane = await site.rig.plane({
        domains: { 'a.test': 'up' },
        upstreams: { up: [server.port] },
        options: { up: { cache: { enabled: true } } },
      });
      const client = await site.rig.client(plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.untilClosed();
      breaks = false;
      expect((await site.ask(plane)).body.toString()).to.equal('good');
      expect(site.asked).to.have.length(2);
    });

    it('is as old as its head, however long its body takes', async () => {
      let body: (() => void) | undefined;
      const server = await site.rig.serve((connection) => {
        connection.socket.on('data', () => {
          site.asked.push('');
          connection.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nContent-Length: 1\r\n\r\n');
          if (site.asked.length > 1) connection.write('b');
          else body = () => connection.write('a');
        });
      });
      const plane = await site.rig.plane({
        domains: { 'a.test': 'up' },
        upstreams: { up: [server.port] },
        options: { up: { cache: { enabled: true } } },
      });
      const client = await site.rig.client(plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.until(/\r\n\r\n/);
      const later = Date.now() + 1200;
      await turnsUntil(() => Date.now() > later);
      body?.();
      await client.until(/a$/);
      expect((await site.ask(plane)).body.toString()).to.equal('b');
    });

    it('is not kept where something is written meanwhile', async () => {
      let finish: (() => void) | undefined;
      const server = await site.rig.serve((connection) => {
        connection.socket.on('data', () => {
          site.asked.push(connection.text);
          const isWriting = connection.text.includes('POST');
          const count = site.asked.length;
          const text = `HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nreply ${count}`;
          if (count === 1 && !isWriting) finish = () => connection.write(text);
          else connection.write(text);
        });
      });
      const plane = await site.rig.plane({
        domains: { 'a.test': 'up' },
        upstreams: { up: [server.port] },
        options: { up: { cache: { enabled: true } } },
      });
      const early = site.ask(plane);
      await turnsUntil(() => finish !== undefined);
      expect((await site.ask(plane, 'Content-Length: 0\r\n', 'POST / HTTP/1.1')).status).to.equal(200);
      finish?.();
      expect((await early).body.toString()).to.equal('reply 1');
      expect((await site.ask(plane)).body.toString()).to.equal('reply 3');
      expect((await site.ask(plane)).body.toString()).to.equal('reply 3');
    });
  });

  it('what is written by way of another upstream is forgotten, too, and other workers are told', async () => {
    const server = await site.serve(counting());
    const told: (readonly string[])[] = [];
    const plane = await site.rig.plane(
      {
        domains: {
          'a.test': {
            init: 'm',
            rules: {
              m: { type: 'method', args: { in: ['GET', 'HEAD'], succ: 'read', fail: 'write' } },
              read: { type: 'backend', args: { servername: 'read' } },
              write: { type: 'backend', args: { servername: 'write' } },
            },
          },
        },
        upstreams: { read: [server.port], write: [server.port] },
        options: { read: { cache: { enabled: true } } },
      },
      {},
      { forget: (uris) => void told.push(uris) },
    );
    await site.ask(plane);
    await site.ask(plane, '', 'GET /other HTTP/1.1');
    await site.ask(plane, 'Content-Length: 0\r\n', 'PUT / HTTP/1.1');
    await turnsUntil(() => told.length > 0);
    expect(told).to.deep.equal([['http a.test  /']]);
    expect((await site.ask(plane)).body.toString()).to.equal('reply 4');
    plane.plane.forget(['http a.test  /other']);
    expect((await site.ask(plane, '', 'GET /other HTTP/1.1')).body.toString()).to.equal('reply 5');
  });
});
