import { expect } from 'chai';
import { answering, type PlaneTable } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok';

describe('exchange', () => {
  const rig = new Rig();

  afterEach(() => rig.stop());

  const GET = 'GET /x?y=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: t\r\n\r\n';

  it('forwards a request and its reply', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.until(/ok$/)).to.equal('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok');
    expect(server.connections[0]?.text).to.equal(
      'GET /x?y=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: t\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n' +
        'X-Forwarded-Proto: http\r\nREMOTE-HOST: 127.0.0.1\r\nX-Forwarded-Host: a.test\r\n\r\n',
    );
  });

  it('reads a head that arrives byte by byte and keeps both connections for the next request', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.socket.setNoDelay(true);
    for (const byte of GET) {
      one.write(byte);
      await new Promise(setImmediate);
    }
    await one.until(/ok$/);
    one.write(GET);
    await one.until(/ok.*ok$/s);
    expect(server.connections).to.have.length(1);
  });

  it('answers pipelined requests in order, one at a time', async () => {
    let inside = 0;
    let most = 0;
    const server = await rig.serve((connection) => {
      let handled = 0;
      connection.socket.on('data', () => {
        const lines = [...connection.text.matchAll(/^GET (\S+)/gm)];
        for (; handled < lines.length; handled++) {
          const path = lines[handled]?.[1] ?? '';
          inside++;
          most = Math.max(most, inside);
          setImmediate(() => {
            inside--;
            connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
          });
        }
      });
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    one.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`).join(''));
    const text = await one.until(/\r\n\r\n\/49$/);
    expect([...text.matchAll(/^\/\d+/gm)].map(([path]) => path)).to.deep.equal(paths);
    expect(most).to.equal(1);
  });

  const answers: [string, string, PlaneTable, RegExp][] = [
    ['an unknown host', 'GET / HTTP/1.1\r\nHost: nobody\r\n\r\n', {}, /^HTTP\/1.1 404 /],
    ['a missing Host', 'GET / HTTP/1.1\r\n\r\n', {}, /^HTTP\/1.1 400 /],
    ['an upstream that does not exist', GET, { domains: { 'a.test': 'nowhere' } }, /^HTTP\/1.1 502 /],
    ['an empty upstream', GET, { domains: { 'a.test': 'up' }, upstreams: { up: [] } }, /^HTTP\/1.1 502 /],
    ['rubbish', 'rubbish\r\n\r\n', {}, /^HTTP\/1.1 400 /],
    ['an expectation that nobody can meet', `${GET.slice(0, -2)}Expect: wonders\r\n\r\n`, {}, /^HTTP\/1.1 417 /],
    ['CONNECT', 'CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n', {}, /^HTTP\/1.1 (405|501|400) /],
  ];
  for (const [what, request, table, expected] of answers)
    it(`answers ${what} by itself`, async () => {
      const { port } = await rig.plane(table);
      const one = await rig.client(port);
      one.write(request);
      expect(await one.until(/\r\n\r\n/)).to.match(expected);
    });

  it('goes on with the connection after an answer of its own to a request without a body', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write('GET / HTTP/1.1\r\nHost: nobody\r\n\r\n');
    await one.until(/404 Not Found.*domain/s);
    one.write(GET);
    await one.until(/ok$/);
  });

  it('answers 503 before the first table, and says once that it is there', async () => {
    let told = 0;
    const running = await rig.plane(null, {}, { onReady: () => told++ });
    const one = await rig.client(running.port);
    running.plane.apply([], false);
    one.write(GET);
    await one.until(/503 Service Unavailable: .*\n$/);
    expect(told).to.equal(0);
    for (const _ of [1, 2]) running.put({});
    one.write(GET);
    await one.until(/404 Not Found: .*\n$/);
    expect(told).to.equal(1);
  });

  it('streams a chunked request and a chunked reply, with trailers both ways', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/0\r\nX-Sum: 1\r\n\r\n$/).then(() => {
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        connection.write('3;ext=1\r\nabc\r\n0\r\nX-Check: 2\r\n\r\n');
      });
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5;q="a"\r\nhello\r\n');
    one.write('0\r\nX-Sum: 1\r\n\r\n');
    const text = await one.until(/X-Check: 2\r\n\r\n$/);
    expect(text).to.match(/Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Check: 2\r\n\r\n$/);
    expect(server.connections[0]?.text).to.match(
      /Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n$/,
    );
  });

  it('passes 100-continue on and lets the server decide', async () => {
    const server = await rig.serve((connection) => {
      void connection
        .until(/\r\n\r\n/)
        .then(() => connection.write('HTTP/1.1 100 Continue\r\n\r\n'))
        .then(() => connection.until(/body$/))
        .then(() => connection.write(OK));
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write('POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await one.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    one.write('body');
    await one.until(/ok$/);
  });

  it('tunnels after 101, both ways, and passes the end of each side on', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello ');
        connection.socket.on('data', (bytes) => connection.socket.write(bytes));
        connection.socket.on('end', () => connection.socket.end('bye'));
      });
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port, { allowHalfOpen: true });
    one.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly ');
    await one.until(/hello early $/);
    one.write('more ');
    await one.until(/more $/);
    one.socket.end();
    expect(await one.untilEnd()).to.match(/Upgrade: echo\r\n\r\nhello early more bye$/);
  });

  it('refuses a 101 that nobody asked for', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    );
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 502 /);
  });

  it('goes on to the next server for connect errors, broken replies, 500 and 504', async () => {
    const broken = [
      await rig.serve((connection) => connection.destroy()),
      await rig.serve(answering('rubbish\r\n\r\n')),
      await rig.serve(answering('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n')),
      await rig.serve(answering('HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n')),
    ];
    const good = await rig.serve(answering(OK));
    const gone = await rig.serve(() => undefined);
    await gone.stop();
    for (const bad of [...broken, gone]) {
      const { port } = await rig.proxying([
        { port: bad.port, weight: 100 },
        { port: good.port, backup: true },
      ]);
      const one = await rig.client(port);
      one.write(GET);
      expect(await one.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 200 /);
    }
  });

  it('tries three servers at most', async () => {
    const servers = await Promise.all(Array.from({ length: 5 }, () => rig.serve((connection) => connection.destroy())));
    const { port } = await rig.proxying(servers.map((server) => server.port));
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 502 /);
    expect(servers.filter((server) => server.connections.length > 0)).to.have.length(3);
  });

  it('passes a 500 on when there is no other server, and when the request cannot be sent twice', async () => {
    const bad = await rig.serve(answering('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'));
    const good = await rig.serve(answering(OK));
    const alone = await rig.proxying([bad.port]);
    const one = await rig.client(alone.port);
    one.write(GET);
    expect(await one.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 500 Broken/);
    const two = await rig.proxying([bad.port, { port: good.port, backup: true }]);
    const other = await rig.client(two.port);
    other.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx');
    expect(await other.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 500 Broken/);
    expect(good.connections).to.have.length(0);
  });

  it('sends a body again to the next server if the request may be sent twice', async () => {
    const bad = await rig.serve((connection) => void connection.until(/body$/).then(() => connection.destroy()));
    const good = await rig.serve((connection) => void connection.until(/body$/).then(() => connection.write(OK)));
    const { port } = await rig.proxying([bad.port, { port: good.port, backup: true }]);
    const one = await rig.client(port);
    one.write('PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbo');
    one.write('dy');
    await one.until(/ok$/);
  });

  it('does not show a client that its server closed a kept connection', async () => {
    const server = await rig.serve((connection) => {
      let first = true;
      connection.socket.on('data', () => {
        if (first) connection.write(OK);
        else connection.destroy();
        first = false;
      });
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    for (let i = 1; i <= 20; i++) {
      one.write(GET);
      await one.untilLength(OK.length * i);
    }
    expect(server.connections).to.have.length(20);
  });

  it('destroys an idle server connection on which bytes arrive', async () => {
    const server = await rig.serve(answering(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`));
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    await one.until(/ok$/);
    one.write(GET);
    expect(await one.until(/ok.*ok$/s)).to.not.match(/poison/);
    expect(server.connections).to.have.length(2);
  });

  it('shows a client that its reply was cut short', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
        setImmediate(() => connection.socket.end());
      });
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    const text = await one.untilClosed();
    expect(text).to.not.match(/\r\n0\r\n/);
  });

  it('passes a reply without a reason on with the space behind its status, and no length that says two things', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 304\r\nDate: now\r\nContent-Length: 5\r\nContent-Length: 6\r\nETag: "a"\r\n\r\n'),
    );
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.until(/\r\n\r\n/)).to.equal('HTTP/1.1 304 \r\nDate: now\r\nETag: "a"\r\n\r\n');
  });

  it('frames a reply that ends with its connection: in chunks for 1.1, until close for 1.0', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => connection.socket.end('HTTP/1.1 200 OK\r\nX: 1\r\n\r\nabc'));
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.until(/0\r\n\r\n$/)).to.match(/Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
    const old = await rig.client(port);
    old.write('GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n');
    expect(await old.untilEnd()).to.match(/Connection: close\r\n\r\nabc$/);
  });

  it('closes at once behind the reply to a client that has said it sends no more', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    for (const last of [GET.replace('User-Agent: t', 'Connection: close'), 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n']) {
      const one = await rig.client(port, { allowHalfOpen: true });
      one.write(last);
      expect(await one.untilEnd()).to.match(/Connection: close\r\n\r\nok$/);
      // Nobody reads there any more: where somebody waited for its end, every byte would prolong that.
      while (!one.closed) {
        one.write('x');
        await new Promise(setImmediate);
      }
      expect(one.error?.message).to.match(/EPIPE|ECONNRESET/);
    }
  });

  it('ends the request at the server when the client leaves', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = await rig.serve((connection) => {
      connection.socket.on('close', () => resolve());
      connection.socket.on('end', () => connection.socket.end());
    });
    const { port } = await rig.proxying([server.port], { halfCloseMs: 100 });
    const one = await rig.client(port);
    one.write(GET);
    await turnsUntil(() => server.connections.length > 0);
    await server.connections[0]?.until(/\r\n\r\n/);
    one.destroy();
    await promise;
  });

  it('still answers a client that has ended its side', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => setImmediate(() => connection.write(OK)));
    });
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port, { allowHalfOpen: true });
    one.socket.end(GET);
    expect(await one.untilEnd()).to.match(/ok$/);
  });

  const timeouts: [string, object, string, RegExp][] = [
    ['a head that does not end', { headMs: 200 }, 'GET / HTTP/1.1\r\nHost: a.', /^HTTP\/1.1 408 /],
    [
      'a body that does not come',
      { bodyIdleMs: 200 },
      'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabc',
      /^HTTP\/1.1 408 /,
    ],
    ['a server that does not answer', { readMs: 200 }, GET, /^HTTP\/1.1 504 /],
    ['a client that says nothing', { headMs: 200 }, '', /^$/],
  ];
  for (const [what, limits, request, expected] of timeouts)
    it(`bounds the wait for ${what}`, async () => {
      const server = await rig.serve(() => undefined);
      const { port } = await rig.proxying([server.port], limits);
      const one = await rig.client(port);
      if (request !== '') one.write(request);
      if (expected.source === '^$') expect(await one.untilEnd()).to.equal('');
      else expect(await one.until(/\r\n\r\n/)).to.match(expected);
    });

  it('bounds the wait for a server that does not take a connection, and goes on to the next', async () => {
    const hole = await rig.blackHole();
    const { port } = hole;
    const alone = await rig.proxying([port], { connectMs: 200 });
    const one = await rig.client(alone.port);
    one.write(GET);
    expect(await one.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 504 /);
    const good = await rig.serve(answering(OK));
    const two = await rig.proxying([port, { port: good.port, backup: true }], { connectMs: 200 });
    const other = await rig.client(two.port);
    other.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n');
    expect(await other.until(/\r\n\r\n/), 'nothing was sent, so even a POST may go on').to.match(/^HTTP\/1.1 200 /);
  });

  it('ends a client that is idle after its reply', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], { keepAliveMs: 200 });
    const one = await rig.client(port);
    one.write(GET);
    expect(await one.untilEnd()).to.match(/ok$/);
  });

  it('closes a server connection that is idle too long', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], { serverKeepAliveMs: 200 });
    const one = await rig.client(port);
    one.write(GET);
    await one.until(/ok$/);
    await server.connections[0]?.untilEnd();
  });

  it('ends a tunnel in which both sides are silent', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'),
    );
    const { port } = await rig.proxying([server.port], { tunnelIdleMs: 200 });
    const one = await rig.client(port);
    one.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await one.until(/echo\r\n\r\n$/);
    await one.untilClosed();
    await server.connections[0]?.untilEnd();
  });

  const tooLarge: [string, object, string, RegExp][] = [
    ['a declared body', { maxBodyBytes: 10 }, 'Content-Length: 11\r\n\r\n', / 413 /],
    [
      'a chunked body',
      { maxBodyBytes: 10 },
      'Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n',
      / 413 /,
    ],
    ['a head', { maxHeadBytes: 1000 }, `X: ${'a'.repeat(2000)}\r\n\r\n`, / 431 /],
    ['a number of fields', { maxFields: 5 }, `${'X: a\r\n'.repeat(6)}\r\n`, / 431 /],
  ];
  for (const [what, limits, rest, expected] of tooLarge)
    it(`refuses ${what} above the limit and ends the connection`, async () => {
      const server = await rig.serve(() => undefined);
      const { port } = await rig.proxying([server.port], limits);
      const one = await rig.client(port);
      one.write(`POST / HTTP/1.1\r\nHost: a.test\r\n${rest}`);
      expect(await one.untilEnd()).to.match(expected);
    });

  it('replaces what a client says about itself, and aliases of it, and what Connection lists', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const one = await rig.client(port);
    one.write(
      'GET / HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n' +
        'x_forwarded_proto: https\r\nContent_Length: 5\r\nForwarded: for=6.6.6.6\r\nREMOTE_HOST: 6.6.6.6\r\na_b: 1\r\nX-Hop: 1\r\nX-Stays: 1\r\n' +
        'Connection: close, X-Hop, X-Forwarded-For, Host\r\nKeep-Alive: 5\r\n\r\n',
    );
    await one.until(/ok$/);
    expect(server.connections[0]?.text).to.equal(
      'GET / HTTP/1.1\r\nHost: a.test\r\na_b: 1\r\nX-Stays: 1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n' +
        'X-Forwarded-Proto: http\r\nREMOTE-HOST: 127.0.0.1\r\nX-Forwarded-Host: a.test\r\n\r\n',
    );
  });

  it("sets fields that a graph names once, in place of the client's and of our own", async () => {
    const server = await rig.serve(answering(OK));
    const args = { servername: 'up', Host: 'b.test', 'X-Forwarded-Proto': 'https', 'X-Team': ['a', 'b'] };
    const { port } = await rig.plane({
      domains: { 'a.test': { init: 'all', rules: { all: { type: 'backend', args } } } },
      upstreams: { up: [server.port] },
    });
    for (const line of ['GET /', 'GET http://a.test/']) {
      const one = await rig.client(port);
      one.write(`${line} HTTP/1.1\r\nHost: a.test\r\nx-team: c\r\nAccept: *\r\nConnection: close\r\n\r\n`);
      await one.until(/ok$/);
    }
    const head =
      'GET / HTTP/1.1\r\nAccept: *\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nREMOTE-HOST: 127.0.0.1\r\n' +
      'X-Forwarded-Host: a.test\r\nHost: b.test\r\nX-Forwarded-Proto: https\r\nX-Team: a\r\nX-Team: b\r\n\r\n';
    expect(server.connections[0]?.text).to.equal(head + head);
  });

  it('says once how many hops are left of an OPTIONS request, and lets the graph say it', async () => {
    const server = await rig.serve(answering(OK));
    const args = { servername: 'up', 'max-forwards': '7' };
    const { port } = await rig.plane({
      domains: { 'a.test': 'up', 'b.test': { init: 'all', rules: { all: { type: 'backend', args } } } },
      upstreams: { up: [server.port] },
    });
    for (const host of ['a.test', 'b.test']) {
      const one = await rig.client(port);
      one.write(`OPTIONS / HTTP/1.1\r\nHost: ${host}\r\nMax-Forwards: 3\r\n\r\n`);
      await one.until(/ok$/);
    }
    expect(server.connections[0]?.text.match(/^max-forwards: .*$/gim)).to.deep.equal([
      'Max-Forwards: 2',
      'max-forwards: 7',
    ]);
  });

  it('continues what a trusted proxy says about its client', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.plane(
      { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } },
      {},
      { trustedProxies: ['127.0.0.0/8'] },
    );
    const one = await rig.client(port);
    one.write(
      'GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 6.6.6.6, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\n\r\n',
    );
    await one.until(/ok$/);
    expect(server.connections[0]?.text).to.equal(
      'GET / HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 10.0.0.1\r\nX-Forwarded-For: 6.6.6.6, 10.0.0.1, 127.0.0.1\r\n' +
        'X-Forwarded-Proto: https\r\nREMOTE-HOST: 10.0.0.1\r\nX-Forwarded-Host: b.test\r\n\r\n',
    );
  });

  it('keeps the connections and the object of a server that stays in a new list', async () => {
    const a = await rig.serve(answering(OK));
    const b = await rig.serve(answering(OK));
    const running = await rig.proxying([a.port]);
    const one = await rig.client(running.port);
    one.write(GET);
    await one.until(/ok$/);
    running.put({ upstreams: { up: [a.port, { port: b.port, down: true }] } });
    one.write(GET);
    await one.until(/ok.*ok$/s);
    expect(a.connections).to.have.length(1);
    running.put({ upstreams: { up: [b.port] } });
    one.write(GET);
    await one.until(/ok.*ok.*ok$/s);
    expect(b.connections).to.have.length(1);
    await a.connections[0]?.untilEnd();
  });
});
