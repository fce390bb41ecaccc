import net from 'node:net';
import tls from 'node:tls';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { Alert, readClientHello } from '../../lib/net/client-hello.ts';

describe('ClientHello', () => {
  let real: Buffer;

  before(async () => {
    real = await helloOf({ servername: 'A.Example.test', ALPNProtocols: ['h2', 'http/1.1'] });
  });

  it('tells the name and the protocols that a client asks for', () => {
    expect(readClientHello(real, 0, real.length)).to.deep.equal({
      serverName: 'a.example.test',
      protocols: ['h2', 'http/1.1'],
    });
  });

  it('tells nothing where a client says nothing', async () => {
    const hello = await helloOf({});
    expect(readClientHello(hello, 0, hello.length)).to.deep.equal({ serverName: '', protocols: [] });
  });

  it('needs all of it, however it is cut, and minds nothing behind it', () => {
    for (let end = 0; end < real.length; end++) expect(readClientHello(real, 0, end), String(end)).to.equal(0);
    const more = Buffer.concat([Buffer.from('xy'), real, Buffer.from([22, 3, 3, 0, 1, 0])]);
    expect(readClientHello(more, 2, more.length)).to.have.property('serverName', 'a.example.test');
  });

  it('reads one that lies in several records', () => {
    const body = real.subarray(5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const records: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, body.length]) {
          const part = body.subarray(at, at + size);
          at += part.length;
          if (part.length > 0) records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
        }
        const cut = Buffer.concat(records);
        expect(readClientHello(cut, 0, cut.length)).to.have.property('serverName', 'a.example.test');
        expect(readClientHello(cut, 0, cut.length - 1)).to.equal(0);
      }),
      { numRuns: 50 },
    );
  });

  for (const [what, bytes, alert] of [
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n'), Alert.UNEXPECTED_MESSAGE],
    ['its first byte', Buffer.from('G'), Alert.UNEXPECTED_MESSAGE],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 0, 2]), Alert.UNEXPECTED_MESSAGE],
    ['another message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]), Alert.UNEXPECTED_MESSAGE],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0]), Alert.RECORD_OVERFLOW],
    ['a record that is too long', Buffer.from([22, 3, 1, 0xff, 0xff]), Alert.RECORD_OVERFLOW],
    ['a hello that is too long', Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0, 0]), Alert.RECORD_OVERFLOW],
    ['a hello without anything', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]), Alert.DECODE_ERROR],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(readClientHello(bytes, 0, bytes.length)).to.equal(-alert);
    });
  }

  it('never throws, whatever is changed in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 12 }), (edits) => {
        const broken = Buffer.from(real);
        for (const [at, byte] of edits) broken[at] = byte;
        const read = readClientHello(broken, 0, broken.length);
        if (typeof read !== 'number') expect(read.serverName).to.match(/^[a-z0-9._-]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a name that no host can have for none', async () => {
    const hello = Buffer.from(
      (await helloOf({ servername: 'bad.test' })).toString('latin1').replace('bad.', 'b/d.'),
      'latin1',
    );
    expect(readClientHello(hello, 0, hello.length)).to.have.property('serverName', '');
  });
});

/** What Node's own client says first. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server has an address with a port.
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
