import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import { promisify } from 'node:util';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { replyOn } from '../fixtures/h2-client.ts';
import { answering, RawClient, type TestPlane } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { OK } from '../peers/servers.ts';

describe('HTTP/2 over TLS', () => {
  const rig = new Rig();
  const ca = new TestCa();
  const pair = ca.issue({ names: ['DNS:a.test'] });
  afterEach(() => rig.stop());
  after(() => ca.remove());

  /** A listener of TLS before one server. */
  async function secured(h2: boolean): Promise<{ port: number; server: Awaited<ReturnType<Rig['serve']>> }> {
    const server = await rig.serve(answering(OK));
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const { port } = bound.address();
    const options = { tls: true, proxy: false, h2 };
    const table = { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } };
    const listeners = [{ address: { kind: 'tcp', host: '127.0.0.1', port, options } as const, handle: bound }];
    const { plane }: TestPlane = await rig.plane(table, {}, { listeners });
    plane.apply([{ kind: 'certificate', name: 'a', document: JSON.stringify(pair) }], true);
    return { port, server };
  }

  function connect(port: number, protocols: string[]): tls.TLSSocket {
    return tls.connect({ port, host: '127.0.0.1', servername: 'a.test', ca: ca.certificate, ALPNProtocols: protocols });
  }

  it('is agreed on in the handshake, and servers are told that it was TLS', async () => {
    const { port, server } = await secured(true);
    const session = http2.connect('https://a.test', { createConnection: () => connect(port, ['h2', 'http/1.1']) });
    const replies = await Promise.all(['/1', '/2'].map((path) => replyOn(session.request({ ':path': path }))));
    for (const reply of replies) expect(reply).to.include({ status: 200, text: 'ok', code: 0 });
    expect(server.connections[0]?.text).to.match(/Host: a\.test(?::443)?\r\n[^]*X-Forwarded-Proto: https\r\n/);
    session.destroy();
  });

  it('leaves HTTP/1.1 to those who ask for it, and to listeners that say so', async () => {
    const both = await secured(true);
    const one = connect(both.port, ['http/1.1']);
    await once(one, 'secureConnect');
    expect(one.alpnProtocol).to.equal('http/1.1');
    const only = await secured(false);
    const two = connect(only.port, ['h2', 'http/1.1']);
    await once(two, 'secureConnect');
    expect(two.alpnProtocol).to.equal('http/1.1');
    const client = new RawClient(two);
    // What was agreed on is what is spoken.
    client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await client.until(/^HTTP\/1\.1 505 /);
    one.destroy();
    two.destroy();
  });

  it('is what curl chooses', async () => {
    const { port } = await secured(true);
    const to = ['--cacert', ca.path('ca.pem'), '--connect-to', `a.test:443:127.0.0.1:${port}`];
    const said = ['-w', ' %{http_version} %{http_code}'];
    const { stdout } = await promisify(execFile)('curl', ['-s', '--http2', ...to, ...said, 'https://a.test/']);
    expect(stdout).to.equal('ok 2 200');
  });
});
