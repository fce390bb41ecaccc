import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { startPebble, startRenewalProxy, type Pebble, type RenewalProxy } from '../fixtures/pebble.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';

const SECRET = 'a secret of this fleet';

describe('ACME', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'elb-acme-'));
  const hook = join(directory, 'hook.sh');
  const ports = freePorts(4);
  const started: { stop(): Promise<unknown> }[] = [];
  let etcd: EtcdProcess;
  let pebble: Pebble;
  /** Both order; what the CA asks comes to the second one. */
  let elbs: Elb[];

  before(async () => {
    const [httpPort = 0, tlsPort = 0, otherHttpPort = 0, otherTlsPort = 0] = ports;
    etcd = await startEtcd();
    started.push(etcd);
    pebble = await startPebble({
      httpPort,
      tlsPort,
      accounts: { 'kid-1': 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' },
    });
    started.push(pebble);
    writeFileSync(
      hook,
      `#!/bin/sh
case "$2" in *.bad.test) echo "there is no such zone" >&2; exit 1 ;; esac
case "$1" in
  set) curl -sf -d "{\\"host\\": \\"$2.\\", \\"value\\": \\"$3\\"}" ${pebble.dns}/set-txt ;;
  clear) curl -sf -d "{\\"host\\": \\"$2.\\"}" ${pebble.dns}/clear-txt ;;
esac
`,
    );
    chmodSync(hook, 0o700);
    const start = (plain: number, secure: number): Promise<Elb> =>
      startElb({
        env: {
          ETCD: etcd.endpoint,
          ELB_LISTEN: `127.0.0.1:${plain},tls:127.0.0.1:${secure}`,
          ELB_SECRET: SECRET,
          ELB_ACME: pebble.directory,
          ELB_ACME_CA: pebble.ca,
          ELB_ACME_EMAIL: 'admin@a.test',
          ELB_ACME_DNS_HOOK: hook,
          ELB_ACME_EAB_KID: 'kid-1',
          ELB_ACME_EAB_KEY: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
        },
      });
    elbs = await Promise.all([start(httpPort, tlsPort), start(otherHttpPort, otherTlsPort)]);
    started.push(...elbs);
  });

  after(async () => {
    for (const one of started.toReversed()) await one.stop();
    rmSync(directory, { recursive: true });
  });

  const want = (domain: string, acme: object): Promise<string> =>
    etcd.ctl('put', `/ELB/tls/${domain}`, JSON.stringify({ require: true, acme }));
  const ordered = (domain: string): Promise<unknown> =>
    Promise.race(
      elbs.map((elb) => elb.logged((line) => line.msg === 'a certificate was ordered' && line['domain'] === domain)),
    );

  for (const [challenge, domain, names, keyType] of [
    ['http-01', 'web.test', ['www.web.test'], 'ecdsa'],
    ['tls-alpn-01', 'alpn.test', [], 'rsa'],
    ['dns-01', '*.wild.test', ['wild.test'], 'ecdsa'],
  ] as const) {
    it(`orders by ${challenge}, once, and every instance serves what comes`, async () => {
      await want(domain, { challenge, names, key_type: keyType });
      await ordered(domain);
      const root = await pebble.root();
      for (const port of [ports[1], ports[3]]) {
        const servername = domain.replace('*', 'any');
        const client = await SecureClient.connect(port ?? 0, { servername, ca: root, rejectUnauthorized: true });
        expect(client.socket.authorized).to.equal(true);
        client.destroy();
      }
      const lines = elbs.flatMap(({ logs }) => logs.filter((line) => line.msg === 'ordering a certificate'));
      expect(lines.filter((line) => line['domain'] === domain)).to.have.length(1);
    });
  }

  it('keeps account and certificates in the store, with keys that nobody can read', async () => {
    const all = await etcd.ctl('get', '--prefix', '/ELB/');
    expect(all).to.contain('/ELB/certs/acme-web.test').and.contain('/ELB/~acme/account');
    expect(all).to.not.contain('PRIVATE KEY');
    expect(all).to.not.match(/^\/ELB\/challenges\//m);
  });

  it('tells what it has ordered, and when it will again', async () => {
    const status = (await elbs[0]?.admin('GET', 'status'))?.json() as { acme: { domains: Record<string, unknown>[] } };
    const [web] = status.acme.domains.filter(({ domain }) => domain === 'web.test');
    expect(web).to.include({ failures: 0, reason: null });
    expect(Date.parse(String(web?.['renew_at']))).to.be.greaterThan(Date.now());
  });

  it('tries again later, and not at once, where an order fails', async () => {
    await want('bad.test', { challenge: 'dns-01' });
    const failed = (line: { msg: string; [field: string]: unknown }): boolean =>
      line.msg === 'a certificate could not be ordered' && line['domain'] === 'bad.test';
    const line = await Promise.race(elbs.map((elb) => elb.logged(failed)));
    expect(line['reason']).to.match(/hook\.sh set failed: there is no such zone/);
    expect(Date.parse(String(line['nextTry'])) - Date.now()).to.be.within(3 * 60_000, 7 * 60_000);
  });
});

describe('ACME with one file', function () {
  this.timeout(60_000);
  const ca = new TestCa();
  const [httpPort = 0, tlsPort = 0] = freePorts(2);
  const started: { stop(): Promise<unknown> }[] = [];
  let proxy: RenewalProxy;
  let elb: Elb;
  let isOver = false;

  before(async () => {
    const pebble = await startPebble({ httpPort, tlsPort });
    started.push(pebble);
    proxy = await startRenewalProxy(pebble, ca, () => {
      const end = Date.now() + (isOver ? -1000 : 86_400_000);
      return { start: new Date(end - 60_000).toISOString(), end: new Date(end).toISOString() };
    });
    started.push(proxy);
    const both = ca.path('both.pem');
    writeFileSync(both, ca.certificate + readFileSync(pebble.ca, 'utf8'));
    elb = await startElb({
      file: { domains: {}, upstreams: {}, tls: { 'a.test': { acme: {} } } },
      env: {
        ELB_LISTEN: `127.0.0.1:${httpPort},tls:127.0.0.1:${tlsPort}`,
        ELB_ACME: proxy.directory,
        ELB_ACME_CA: both,
      },
    });
    started.push(elb);
  });

  after(async () => {
    for (const one of started.toReversed()) await one.stop();
    ca.remove();
  });

  it('keeps what it orders in the file, and renews it when the CA says so', async () => {
    await elb.logged(({ msg }) => msg === 'a certificate was ordered');
    expect(readFileSync(elb.file, 'utf8')).to.contain('acme-a.test').and.not.contain('challenges/');
    const serial = (): Promise<string> => serialAt(tlsPort);
    const first = await serial();
    await until('its renewal is asked for', () => proxy.asked.length > 0);
    expect(proxy.asked[0]).to.match(/^[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]+$/);
    isOver = true;
    // Asked again at once: as after a restart.
    elb.kill('SIGUSR2');
    await until('another certificate is served', async () => (await serial()) !== first);
  });
});

async function serialAt(port: number): Promise<string> {
  const client = await SecureClient.connect(port, { servername: 'a.test' });
  const serial = client.socket.getPeerX509Certificate()?.serialNumber ?? '';
  client.destroy();
  return serial;
}
