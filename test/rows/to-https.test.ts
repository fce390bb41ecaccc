import { expect } from 'chai';
import { secureListeners } from '../fixtures/secure-listeners.ts';
import { Site, type Nodes } from '../fixtures/site.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { TestCa } from '../fixtures/test-ca.ts';

describe('from HTTP to HTTPS', () => {
  const site = new Site();
  const ca = new TestCa();
  let plainPort = 0;
  let port = 0;
  after(() => ca.remove());
  afterEach(() => site.close());

  /** A way of a host that is for TLS only, unless it is said to be for all. */
  const mount = (next: string): Nodes => ({
    tls: ['tls', { secure: true, succ: next, fail: 'https' }],
    https: ['redirect', { to: 'https://${host}', keep_path: true, status: 307 }],
  });

  beforeEach(async () => {
    const secure = secureListeners();
    ({ port, plainPort } = secure);
    const { plane } = await site.open(
      {
        domains: {
          'app.test': {
            ...mount('filter'),
            filter: ['ip-filter', { deny: ['127.0.0.9'], next: 'strip' }],
            strip: ['rewrite', { strip_prefix: '/x', next: 'app' }],
            app: ['backend', { servername: 'app' }],
          },
          'open.test': {
            open: ['path', { segment: '/.well-known', succ: 'app', fail: 'tls' }],
            ...mount('app'),
            app: ['backend', { servername: 'app' }],
          },
        },
        servers: ['app'],
      },
      {},
      { listeners: secure.listeners },
    );
    const { certificate, key } = ca.issue({ names: ['DNS:app.test', 'DNS:open.test'] });
    plane.apply([{ kind: 'certificate', name: 'app', document: JSON.stringify({ certificate, key }) }], false);
  });

  for (const [line, location] of [
    ['GET app.test/x?y=1', 'https://app.test/x?y=1'],
    ['POST app.test/', 'https://app.test/'],
    ['GET APP.test//evil.test/%2e%2e/x', 'https://app.test//x'],
    ['GET open.test/other', 'https://open.test/other'],
  ] as const)
    it(`${line} in clear is 307 to ${location}, before it is filtered or rewritten`, async () => {
      for (const from of ['127.0.0.1', '127.0.0.9']) {
        const { status, fields } = await site.ask(line, { port: plainPort, from });
        expect([status, fields.get('location')]).to.deep.equal([307, [location]]);
      }
    });

  it('unknown hosts are 404 in clear, too, and what is for all is served there', async () => {
    expect((await site.ask('GET unknown.test/x', { port: plainPort })).status).to.equal(404);
    const { got } = await site.ask('GET open.test/.well-known/acme', { port: plainPort });
    expect(got?.target).to.equal('/.well-known/acme');
  });

  it('an unknown host gets no byte over TLS either, where the graph for all others says so', async () => {
    site.change({ '*': { close: ['close', {}] } });
    const document = JSON.stringify(ca.issue({ names: ['DNS:*.test'] }));
    site.plane.plane.apply([{ kind: 'certificate', name: 'all', document }], false);
    const client = await SecureClient.connect(port, { servername: 'unknown.test' });
    const answered = await client.request('/', 'unknown.test').catch((error: Error) => error.message);
    expect(answered).to.equal('closed after ""');
  });

  it('over TLS the way is as it is meant', async () => {
    const client = await SecureClient.connect(port, { servername: 'app.test', ca: ca.certificate });
    const { status, body } = await client.request('/x/a?y=1', 'app.test');
    expect(status).to.equal(200);
    expect(body).to.include('"target":"/a?y=1"').and.include('"x-forwarded-proto":"https"');
    client.destroy();
  });
});
