import { once } from 'node:events';
import http2 from 'node:http2';
import tls from 'node:tls';
import { expect } from 'chai';
import type { Explanation } from '../../lib/core/explanation.ts';
import { replyOn } from '../fixtures/h2-client.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';
import { NamedServer } from './named-server.ts';

/** By TLS: one server; in clear: another. */
const graph = {
  init: 'secure',
  rules: {
    secure: { type: 'tls', args: { secure: true, succ: 'new', fail: 'old' } },
    new: { type: 'tls', args: { version: ['TLSv1.3'], succ: 'web', fail: 'old' } },
    web: { type: 'backend', args: { servername: 'web' } },
    old: { type: 'respond', args: { status: 418 } },
  },
};
const CLIENT = '127.0.0.1';

describe('explain of a request by TLS and HTTP/2', () => {
  const ca = new TestCa();
  const heard: string[] = [];
  const server = new NamedServer((_, head) => heard.push(head));
  let plane: TlsPlane;

  before(async () => {
    await server.start();
    plane = await startTlsPlane();
    plane.put({ domains: { 'a.test': graph, 'mtls.test': graph }, upstreams: { web: [server.port] } });
    plane.certify({ all: ca.issue({ names: ['DNS:a.test', 'DNS:mtls.test'] }) });
    plane.rule({
      'a.test': { require: true },
      'mtls.test': { client_certificates: { mode: 'required', ca: ca.certificate } },
    });
  });

  after(async () => {
    await plane.stop();
    await server.stop();
    ca.remove();
  });

  async function explain(asked: { head?: string; secure: boolean; stream?: readonly string[] }): Promise<Explanation> {
    const request = { head: '', stream: null, client: CLIENT, ...asked };
    // It was asked to explain.
    return (await plane.plane.answer({ kind: 'explain', request })) as Explanation;
  }

  it('tells the nodes and the head as they then are over TLS', async () => {
    const fields = 'User-Agent: me\r\nX-Forwarded-Proto: http\r\n';
    const told = await explain({ head: `GET /x HTTP/1.1\r\nHost: a.test:443\r\n${fields}\r\n`, secure: true });
    expect(told.nodes.map(({ node, verdict }) => [node, verdict])).to.deep.equal([
      ['secure', 'succ'],
      ['new', 'succ'],
      ['web', null],
    ]);
    const client = await SecureClient.connect(plane.port, { servername: 'a.test' });
    await client.request('/x', 'a.test:443', fields);
    client.destroy();
    expect(heard.splice(0)).to.deep.equal([told.head]);
    expect(told.head).to.include('\r\nX-Forwarded-Proto: https\r\n');
  });

  it('tells the head that a stream of HTTP/2 becomes', async () => {
    const fields = { cookie: ['a=1', 'b=2'], 'x-mine': 'yes' };
    const stream = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/h2?q'];
    const told = await explain({
      stream: [...stream, 'cookie', 'a=1', 'cookie', 'b=2', 'x-mine', 'yes'],
      secure: true,
    });
    const socket = tls.connect({ port: plane.port, servername: 'a.test', ca: ca.certificate, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    const session = http2.connect('https://a.test', { createConnection: () => socket });
    const asked = session.request({ ':authority': 'a.test', ':path': '/h2?q', ...fields });
    expect((await replyOn(asked)).status).to.equal(200);
    session.destroy();
    expect(heard.splice(0)).to.deep.equal([told.head]);
    expect(told.head).to.match(/^GET \/h2\?q HTTP\/1\.1\r\nHost: a\.test\r\n[^]*cookie: a=1; b=2\r\n/);
  });

  it('tells what a stream is refused for that HTTP/1 would not be', async () => {
    const stream = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/'];
    const told = await explain({ stream: [...stream, 'connection', 'close'], secure: true });
    expect(told.decision).to.include({ kind: 'fault', status: 400, ending: 'bad_h2_field' });
  });

  it('tells what a domain wants of TLS: the redirection in clear, and a certificate', async () => {
    const clear = await explain({ head: 'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n', secure: false });
    expect(clear.decision).to.include({ kind: 'answer', status: 308 });
    const bare = await explain({ head: 'GET / HTTP/1.1\r\nHost: mtls.test\r\n\r\n', secure: true });
    expect(bare.decision).to.include({ kind: 'fault', ending: 'no_client_certificate' });
  });
});
