import { expect } from 'chai';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { RawClient } from '../fixtures/plane.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';

const says = (body: string): GraphDocument => ({
  init: 'r',
  rules: { r: { type: 'respond', args: { body } } },
});

/** Host, and which domain has it over TLS and in clear. */
const ROWS: readonly (readonly [host: string, secure: string, clear: string])[] = [
  ['a.test', 'a', 'a'],
  ['a.test:443', 'a', 'a'],
  ['A.Test.:443', 'a', 'a'],
  ['a.test:80', 'a', 'a'],
  ['a.test:8443', 'a with 8443', 'a with 8443'],
  ['both.test', 'both by TLS', 'both'],
  ['both.test:443', 'both by TLS', 'both by TLS'],
  ['both.test:80', 'both', 'both'],
  ['only.test', 'only by TLS', '404'],
  ['only.test:443', 'only by TLS', 'only by TLS'],
];

describe('the default port of a host', () => {
  const ca = new TestCa();
  let plane: TlsPlane;

  before(async () => {
    plane = await startTlsPlane();
    plane.certify({ all: ca.issue({ names: ['DNS:a.test', 'DNS:both.test', 'DNS:only.test'] }) });
    plane.put({
      domains: {
        'a.test': says('a'),
        'a.test:8443': says('a with 8443'),
        'both.test': says('both'),
        'both.test:443': says('both by TLS'),
        'only.test:443': says('only by TLS'),
      },
    });
    plane.plane.apply([{ kind: 'domain', name: '*', document: null }], false);
  });

  after(async () => {
    await plane.stop();
    ca.remove();
  });

  for (const [host, secure, clear] of ROWS)
    it(`${host}: ${secure} over TLS, ${clear} in clear`, async () => {
      const servername = host.toLowerCase().replace(/\.?(?::\d+)?$/, '');
      const client = await SecureClient.connect(plane.port, { servername });
      const { status, body } = await client.request('/', host);
      client.destroy();
      expect(status === 200 ? body : String(status)).to.equal(secure);
      const raw = await RawClient.connect(plane.plainPort);
      raw.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const text = await raw.untilClosed();
      expect(text.startsWith('HTTP/1.1 200') ? text.split('\r\n\r\n')[1] : text.slice(9, 12)).to.equal(clear);
    });
});
