import { once } from 'node:events';
import net from 'node:net';
import type tls from 'node:tls';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { proxyHeader } from '../../lib/net/proxy-header.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';

const run = promisify(execFile);

describe('TLS listener', () => {
  const ca = new TestCa();
  let plane: TlsPlane;
  let pairs: Record<string, Pair>;

  before(async () => {
    pairs = {
      exact: ca.issue({ names: ['DNS:a.test', 'DNS:b.test'] }),
      wild: ca.issue({ names: ['DNS:*.test'] }),
      rsa: ca.issue({ names: ['DNS:a.test'], keyType: 'rsa' }),
    };
    plane = await startTlsPlane();
    plane.certify(pairs);
  });

  after(async () => {
    await plane.stop();
    ca.remove();
  });

  const shown = async (options: tls.ConnectionOptions): Promise<string> => {
    const client = await SecureClient.connect(plane.port, options);
    const certificate = client.socket.getPeerX509Certificate();
    client.destroy();
    const kind = certificate?.publicKey.asymmetricKeyType ?? '';
    return `${kind} ${certificate?.subjectAltName ?? ''}`;
  };

  for (const [what, options, certificate] of [
    ['the exact name', { servername: 'b.test' }, 'ec DNS:a.test, DNS:b.test'],
    ['the name in other letters', { servername: 'B.TEST' }, 'ec DNS:a.test, DNS:b.test'],
    ['the wildcard above', { servername: 'c.test' }, 'ec DNS:*.test'],
    ['a key of the kind the client takes', { servername: 'a.test', sigalgs: 'RSA-PSS+SHA256' }, 'rsa DNS:a.test'],
    ['the cheaper key where both will do', { servername: 'a.test' }, 'ec DNS:a.test, DNS:b.test'],
    [
      'a key of the kind that the cipher needs',
      { servername: 'a.test', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
      'rsa DNS:a.test',
    ],
  ] as const) {
    it(`shows the certificate of ${what}`, async () => {
      expect(await shown(options)).to.equal(certificate);
    });
  }

  for (const [what, options, alert] of [
    ['an unknown name', { servername: 'c.example' }, /unrecognized.name/],
    ['a name two labels below a wildcard', { servername: 'd.c.test' }, /unrecognized.name/],
    ['no name', {}, /unrecognized.name/],
    ['no protocol that is spoken', { servername: 'a.test', ALPNProtocols: ['spdy/3'] }, /no.application.protocol/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const error = await SecureClient.connect(plane.port, options).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(alert);
    });
  }

  it('agrees on a protocol, and tells servers that the client came by TLS', async () => {
    const client = await SecureClient.connect(plane.port, { servername: 'a.test', ALPNProtocols: ['http/1.1'] });
    expect(client.socket.alpnProtocol).to.equal('http/1.1');
    const { status, body } = await client.request('/', 'a.test', 'X-Forwarded-Proto: http\r\n');
    expect(status).to.equal(200);
    expect(JSON.parse(body)).to.include({ host: 'a.test', 'x-forwarded-proto': 'https' });
    client.destroy();
  });

  it('shows another certificate from the next handshake on, and disturbs no open connection', async () => {
    const before = await SecureClient.connect(plane.port, { servername: 'a.test' });
    const renewed = ca.issue({ names: ['DNS:a.test', 'DNS:new.test'] });
    plane.certify({ exact: renewed });
    expect(await shown({ servername: 'a.test' })).to.equal('ec DNS:a.test, DNS:new.test');
    expect(await shown({ servername: 'b.test' })).to.equal('ec DNS:*.test');
    expect(await before.request('/', 'a.test')).to.have.property('status', 200);
    before.destroy();
    plane.certify(pairs);
  });

  it('tells who speaks plain HTTP what this port is', async () => {
    const socket = net.connect(plane.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const chunks = (await socket.toArray()) as Buffer[];
    expect(String(Buffer.concat(chunks))).to.match(/^HTTP\/1\.1 400 .*this port speaks TLS\n$/s);
  });

  it('ends those who do not come to an end with their handshake, and only those', async () => {
    const hasty = await startTlsPlane({ limits: { headMs: 300 } });
    const half = net.connect(hasty.port, '127.0.0.1');
    half.write(Buffer.from([22, 3, 1, 1, 0, 1, 0]));
    const silent = net.connect(hasty.port, '127.0.0.1');
    await Promise.all([half, silent].map((socket) => once(socket.resume(), 'close')));
    expect(hasty.plane.report().greetings['timeout']).to.equal(2);
    await hasty.stop();
  });

  it('lets a flood of handshakes that come to nothing stand in nobody’s way', async () => {
    const small = await startTlsPlane({ limits: { maxConnections: 8 } });
    small.certify(pairs);
    const flood = Array.from({ length: 40 }, () => net.connect(small.port, '127.0.0.1'));
    for (const socket of flood) socket.on('error', () => undefined);
    const oldest = Promise.all(flood.slice(0, 30).map((socket) => once(socket.resume(), 'close')));
    const client = await SecureClient.connect(small.port, { servername: 'a.test' });
    expect(await client.request('/', 'a.test')).to.have.property('status', 200);
    await oldest;
    client.destroy();
    for (const socket of flood) socket.destroy();
    await small.stop();
  });

  it('survives what is no handshake at all', async () => {
    const garbage = [
      Buffer.alloc(20_000, 0xff),
      Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]),
      Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(0x4000, 1)]),
      Buffer.from('\x15\x03\x01\0\x02\x02\x28', 'latin1'),
    ];
    for (const bytes of garbage) {
      const socket = net.connect(plane.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(bytes);
      await once(socket.resume(), 'close');
    }
    expect(await shown({ servername: 'c.test' })).to.equal('ec DNS:*.test');
  });

  it('does not negotiate anew', async () => {
    const options = { servername: 'a.test', maxVersion: 'TLSv1.2' } as const;
    const client = await SecureClient.connect(plane.port, options);
    const closed = new Promise((resolve) => client.socket.on('close', resolve));
    client.socket.renegotiate({}, () => undefined);
    await closed;
  });

  it('forgets who has spoken HTTP/2 once that has left', async () => {
    const to = ['-sS', '-k', '--http2', '--resolve', `a.test:${plane.port}:127.0.0.1`];
    const { stdout } = await run('curl', [...to, '-w', '%{http_version}', `https://a.test:${plane.port}/`]);
    expect(stdout).to.match(/2$/);
    await until('nobody is left', () => plane.plane.report().clients === 0);
  });

  it('answers whatever is pipelined, however much waits to be encrypted', async () => {
    const client = await SecureClient.connect(plane.port, { servername: 'a.test' });
    let replies = 0;
    let text = '';
    client.socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      replies += text.split('HTTP/1.1 200').length - 1;
      text = text.slice(text.lastIndexOf('HTTP/1.1 200') + 1).slice(-20);
    });
    client.socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(1000));
    client.socket.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    await once(client.socket, 'end');
    expect(replies).to.equal(1001);
  });

  it('sends and takes bodies of any size, and says goodbye', async () => {
    const client = await SecureClient.connect(plane.port, { servername: 'a.test' });
    const body = Buffer.alloc(3_000_000, 'x');
    client.socket.write(
      `POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    client.socket.write(body);
    const [bytes] = (await once(client.socket, 'data')) as [Buffer];
    expect(String(bytes)).to.match(/^HTTP\/1\.1 200 /);
    await once(client.socket, 'end');
  });
});

describe('TLS listener with the PROXY protocol', () => {
  const ca = new TestCa();
  let plane: TlsPlane;
  const ends = { address: '203.0.113.9', port: 40_000, localAddress: '192.0.2.2', localPort: 443 };

  before(async () => {
    plane = await startTlsPlane({ listen: { proxy: true }, plane: { trustedProxies: ['127.0.0.1'] } });
    plane.certify({ a: ca.issue({ names: ['DNS:a.test'] }) });
  });

  after(async () => {
    await plane.stop();
    ca.remove();
  });

  for (const version of [1, 2] as const) {
    it(`believes a trusted peer who its client is, in version ${version}`, async () => {
      const socket = net.connect(plane.port, '127.0.0.1');
      socket.write(Buffer.from(proxyHeader(version, ends), 'latin1'));
      const client = await SecureClient.connect(plane.port, { socket, servername: 'a.test' });
      // It is the client's own word now, and that is not believed.
      const { body } = await client.request('/', 'a.test', 'X-Forwarded-For: 198.51.100.1\r\n');
      expect(JSON.parse(body)).to.include({ 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '203.0.113.9' });
      client.destroy();
    });
  }

  it('ends a connection that begins without it', async () => {
    const error = await SecureClient.connect(plane.port, { servername: 'a.test' }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(plane.plane.report().greetings['bad_preamble']).to.equal(1);
  });

  it('hears nobody else', async () => {
    const stranger = await startTlsPlane({ listen: { tls: false, proxy: true } });
    const socket = net.connect(stranger.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${proxyHeader(1, ends)}GET / HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    await once(socket.resume(), 'close');
    await stranger.stop();
  });

  it('works in clear, too', async () => {
    const plain = await startTlsPlane({
      listen: { tls: false, proxy: true },
      plane: { trustedProxies: ['127.0.0.0/8'] },
    });
    const socket = net.connect(plain.port, '127.0.0.1');
    socket.write(`${proxyHeader(1, ends)}GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
    const text = String(Buffer.concat((await socket.toArray()) as Buffer[]));
    expect(text)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.contain('"x-real-ip":"203.0.113.9"');
    await plain.stop();
  });
});
