import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { RetryOn } from '../../lib/core/delivery-policy.ts';
import { FOREVER } from '../../lib/core/wheel.ts';
import { DEFAULT_OPTIONS, readOptions } from '../../lib/upstream/options/index.ts';
import { SERVER_HOST } from '../../lib/upstream/server.ts';
import { setupOf, type UpstreamSetup } from '../../lib/upstream/setup.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { LIMITS } from '../fixtures/plane.ts';

const DEFAULTS = { limits: LIMITS, serverCa: null };

function setup(document: object): UpstreamSetup {
  const { options, problems } = readOptions(document);
  expect(problems).to.deep.equal([]);
  return setupOf(options, DEFAULTS, null);
}

describe('options of delivery', () => {
  it('are those of the specification where nothing is said', () => {
    const { policy, bounds, host, plain, secure } = setupOf(DEFAULT_OPTIONS, DEFAULTS, null);
    expect(policy).to.deep.equal({
      connectMs: 5000,
      raceMs: 250,
      sendMs: 30_000,
      firstByteMs: 30_000,
      silenceMs: 1000,
      readMs: 30_000,
      requestMs: 0,
      tunnelIdleMs: 3_600_000,
      tries: 3,
      retryOn: RetryOn.CONNECT | RetryOn.CLOSED | RetryOn.TIMEOUT | RetryOn.INVALID,
      statuses: new Set([500, 504]),
      nonIdempotent: false,
      sameServer: false,
      tryMs: 0,
      backoffMs: 0,
      maxBackoffMs: 1000,
      replayBytes: 65_536,
      hedgeMs: 0,
      unsafeReuseMs: 1000,
    });
    expect(bounds).to.deep.equal({
      idleMs: 60_000,
      maxIdle: 512,
      maxIdleTotal: FOREVER,
      maxAgeMs: 3_600_000,
      maxUses: FOREVER,
    });
    expect(host).to.equal(null);
    expect(plain.tls).to.equal(null);
    expect(secure.tls).to.not.equal(null);
    expect(DEFAULT_OPTIONS.retry.budget).to.deep.equal({ ratio: 0.2, minPerSecond: 10 });
  });

  const read: readonly [object, (setup: UpstreamSetup) => unknown, unknown][] = [
    [{ retry: { on: [] } }, ({ policy }) => policy.retryOn, 0],
    [{ retry: { on: ['timeout', 'connect'] } }, ({ policy }) => policy.retryOn, RetryOn.TIMEOUT | RetryOn.CONNECT],
    [{ retry: { hedge_after: '75ms' } }, ({ policy }) => policy.hedgeMs, 75],
    [{ timeouts: { read: '7s' } }, ({ policy }) => [policy.readMs, policy.firstByteMs], [7000, 7000]],
    [{ timeouts: { first_byte: '7s' } }, ({ policy }) => [policy.readMs, policy.firstByteMs], [30_000, 7000]],
    [{ connections: { unsafe_reuse: '0s' } }, ({ policy }) => policy.unsafeReuseMs, -1],
    [
      { connections: { max_age: '0s', max_requests: 7 } },
      ({ bounds }) => [bounds.maxAgeMs, bounds.maxUses],
      [FOREVER, 7],
    ],
    [{ connections: { proxy_protocol: 'v2' } }, ({ plain, secure }) => [plain.proxy, secure.proxy], [2, 2]],
    [{ tls: { enabled: true } }, ({ plain, secure }) => plain === secure && plain.tls !== null, true],
    [{ tls: { enabled: false } }, ({ plain, secure }) => plain === secure && plain.tls === null, true],
    [{ host: { from: 'server' } }, ({ host }) => host, SERVER_HOST],
    [{ host: { from: 'fixed', name: 'b.test:8080' } }, ({ host }) => host, 'b.test:8080'],
  ];
  for (const [document, what, expected] of read)
    it(`read ${JSON.stringify(document)}`, () => expect(what(setup(document))).to.deep.equal(expected));

  it('keep the dialers, and so the connections, where nothing changes for them', () => {
    const first = setup({ tls: { verify: false } });
    const later = readOptions({ tls: { verify: false }, retry: { tries: 1 } }).options;
    expect(setupOf(later, DEFAULTS, first).secure).to.equal(first.secure);
    const other = readOptions({ connections: { proxy_protocol: 'v1' } }).options;
    expect(setupOf(other, DEFAULTS, first).plain).to.not.equal(first.plain);
  });

  describe('with certificates', () => {
    let certificates: Certificates;
    let other: Certificates;
    before(async () => {
      [certificates, other] = await Promise.all([makeCertificates(), makeCertificates()]);
    });
    after(() => Promise.all([certificates.remove(), other.remove()]));

    const refused: readonly [string, () => object, string, RegExp][] = [
      ['a key without a certificate', () => ({ tls: { key: certificates.key } }), '/tls/certificate', /is missing/],
      ['a certificate without a key', () => ({ tls: { certificate: certificates.cert } }), '/tls/key', /is missing/],
      [
        'the key of another certificate',
        () => ({ tls: { certificate: certificates.cert, key: other.key } }),
        '/tls/certificate',
        /cannot be used: .*mismatch/,
      ],
      ['a file that is not there', () => ({ tls: { ca: '/nowhere/ca.pem' } }), '/tls/ca', /cannot be used: ENOENT/],
      ['a file that is no certificate', () => ({ tls: { ca: certificates.key } }), '/tls/ca', /cannot be used/],
      ['PEM that is broken', () => ({ tls: { ca: '-----BEGIN CERTIFICATE-----\nAAAA' } }), '/tls/ca', /cannot be used/],
      ['what is neither PEM nor a path', () => ({ tls: { ca: 'ca.pem' } }), '/tls/ca', /is not PEM, the path/],
      ['ciphers that nobody knows', () => ({ tls: { ciphers: 'ROT13' } }), '/tls/ciphers', /cannot be used/],
      ['a fixed host without a name', () => ({ host: { from: 'fixed' } }), '/host/name', /is missing/],
      ['a name for nothing', () => ({ host: { name: 'b.test' } }), '/host/name', /is of no use/],
      ['a host with a path', () => ({ host: { from: 'fixed', name: 'b/c' } }), '/host/name', /is not a host/],
      ['a condition that is none', () => ({ retry: { on: ['always'] } }), '/retry/on/0', /is not one of connect/],
      ['a status that is no failure', () => ({ retry: { statuses: [200] } }), '/retry/statuses/0', />= 400/],
    ];
    for (const [what, document, at, msg] of refused)
      it(`refuse ${what}`, () => {
        const { problems } = readOptions(document());
        expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
        expect(problems[0]?.msg).to.match(msg);
      });

    it('take certificates as text and as files', () => {
      const text = (path: string): string => readFileSync(path, 'utf8');
      const { ca, cert, key } = certificates;
      setup({ tls: { ca, certificate: cert, key } });
      setup({ tls: { ca: text(ca), certificate: text(cert), key: text(key) } });
    });
  });
});
