import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';

const OLD = 'a secret that was long in use';
const NEW = 'a secret that has come since';

describe('TLS of the program on a real etcd', function () {
  this.timeout(30_000);
  const ca = new TestCa();
  const ports = freePorts(4);
  const started: { stop(): Promise<unknown> }[] = [];
  let etcd: EtcdProcess;
  let server: NamedServer;
  let elbs: readonly [Elb, Elb];
  let first: Pair;

  before(async () => {
    etcd = await startEtcd();
    server = await startNamedServer('web');
    started.push(etcd, server);
    const start = (plain: number, secure: number): Promise<Elb> =>
      startElb({
        env: {
          ETCD: etcd.endpoint,
          ELB_WORKERS: '2',
          ELB_LISTEN: `127.0.0.1:${plain},tls:127.0.0.1:${secure}`,
          ELB_SECRET: OLD,
        },
      });
    const [a = 0, b = 0, c = 0, d = 0] = ports;
    elbs = await Promise.all([start(a, b), start(c, d)]);
    started.push(...elbs);
    first = ca.issue({ names: ['DNS:a.test'] });
    const graph = { init: 'r', rules: { r: { type: 'backend', args: { servername: 'web' } } } };
    await elbs[0].admin('PUT', 'upstream?store=1', { web: { [server.address]: '' } });
    await elbs[0].admin('PUT', 'domain?store=1', { 'a.test': graph });
  });

  after(async () => {
    for (const one of started.toReversed()) await one.stop();
    ca.remove();
  });

  const securePorts = (): readonly number[] => [ports[1] ?? 0, ports[3] ?? 0];
  /** Serial numbers that fresh connections to every instance see; they spread over the workers. */
  const serials = async (): Promise<ReadonlySet<string>> => {
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) {
      for (const port of securePorts()) {
        const client = await SecureClient.connect(port, { servername: 'a.test' });
        seen.add(client.socket.getPeerX509Certificate()?.fingerprint256 ?? '');
        client.destroy();
      }
    }
    return seen;
  };
  const serves = async (pair: Pair): Promise<void> => {
    const { X509Certificate } = await import('node:crypto');
    const { fingerprint256 } = new X509Certificate(pair.certificate);
    await until('everybody serves it', async () => {
      const seen = await serials().catch(() => new Set<string>());
      return seen.size === 1 && seen.has(fingerprint256);
    });
  };

  it('serves in every instance what is put through one, and shows no key', async () => {
    const put = await elbs[0].admin('PUT', 'cert?store=1', { shop: first });
    expect(put.status).to.equal(200);
    await serves(first);
    const shown = await elbs[1].admin('GET', 'cert');
    expect(shown.text)
      .to.contain('"names":["a.test"]')
      .and.not.match(/PRIVATE|sealed|key"/);
    const history = await elbs[0].admin('GET', 'history');
    expect(history.text).to.not.contain('PRIVATE KEY');
  });

  it('seals the key in the store', async () => {
    const value = await etcd.ctl('get', '/ELB/certs/shop', '--print-value-only');
    expect(value).to.contain('BEGIN CERTIFICATE').and.contain('"sealed:').and.not.contain('PRIVATE KEY');
    expect(await etcd.ctl('get', '--prefix', '/ELB/')).to.not.contain('PRIVATE KEY');
  });

  it('is what curl and openssl take', async () => {
    writeFileSync(ca.path('root.pem'), ca.certificate);
    const to = ['--resolve', `a.test:${ports[1]}:127.0.0.1`, '--cacert', ca.path('ca.pem')];
    const { stdout } = await promisify(execFile)('curl', ['-sS', ...to, `https://a.test:${ports[1]}/x`]);
    expect(stdout).to.match(/^web/);
    const client = [
      's_client',
      '-connect',
      `127.0.0.1:${ports[1]}`,
      '-servername',
      'a.test',
      '-CAfile',
      ca.path('ca.pem'),
    ];
    const good = await promisify(execFile)('sh', ['-c', `openssl ${client.join(' ')} </dev/null`]);
    expect(good.stdout).to.contain('Verification: OK').and.contain('TLSv1.3');
    const old = `openssl ${client.join(' ')} -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null`;
    const refused = await promisify(execFile)('sh', ['-c', `${old} 2>&1 || true`]);
    expect(refused.stdout).to.match(/alert protocol version/);
  });

  it('serves what is put into etcd, and keeps it where the next one is bad', async () => {
    const renewed = ca.issue({ names: ['DNS:a.test'] });
    await etcd.ctl('put', '/ELB/certs/shop', JSON.stringify(renewed));
    await serves(renewed);
    await etcd.ctl('put', '/ELB/certs/shop', JSON.stringify({ ...renewed, key: first.key }));
    await until('it is refused', async () => (await elbs[1].admin('GET', 'status')).text.includes('certs/shop'));
    await serves(renewed);
    await etcd.ctl('put', '/ELB/certs/shop', JSON.stringify(renewed));
  });

  it('goes on with sessions of another instance', async () => {
    const begun = await SecureClient.connect(securePorts()[0] ?? 0, { servername: 'a.test' });
    await begun.request('/', 'a.test');
    const session = begun.socket.getSession() ?? Buffer.alloc(0);
    begun.destroy();
    await until('the other one goes on', async () => {
      const raw = session.subarray(session.indexOf(0x30, 25));
      const client = await SecureClient.connect(securePorts()[1] ?? 0, { servername: 'a.test', session: raw });
      const isReused = client.socket.isSessionReused();
      client.destroy();
      return isReused;
    });
  });

  it('tells how handshakes went and when certificates run out', async () => {
    const { text } = await elbs[0].admin('GET', 'metrics');
    expect(text).to.match(/^elb_greetings_total\{end="full"\} [1-9]/m);
    expect(text).to.match(/^elb_certificate_expiry_seconds\{certificate="shop"\} \d{10}/m);
    const status = (await elbs[0].admin('GET', 'status')).json() as { certificates: { count: number } };
    expect(status.certificates.count).to.equal(1);
  });

  it('refuses a bad pair with all that is wrong, and changes nothing', async () => {
    const { status, text } = await elbs[0].admin('PUT', 'cert', { shop: { certificate: first.certificate, key: 'x' } });
    expect(status).to.equal(400);
    expect(text).to.contain('"at":"/shop/key"');
    await elbs[0].admin('PUT', 'cert', { shop: { ...first, key: ca.issue({ names: ['DNS:b.test'] }).key } });
    expect((await elbs[0].admin('GET', 'cert')).text).to.contain('"shop"');
  });

  it('seals keys again with a new secret', async () => {
    const third = await startElb({ env: { ETCD: etcd.endpoint, ELB_SECRET: `${NEW},${OLD}` } });
    started.push(third);
    const before = await etcd.ctl('get', '/ELB/certs/shop', '--print-value-only');
    const answer = await third.admin('POST', 'cert?store=1');
    expect(answer.json()).to.deep.equal({ msg: 'OK', sealed: ['shop'] });
    const after = await etcd.ctl('get', '/ELB/certs/shop', '--print-value-only');
    const id = (text: string): string | undefined => /sealed:([0-9a-f]{8})/.exec(text)?.[1];
    expect(id(after)).to.be.a('string').and.not.equal(id(before));
    expect((await third.admin('POST', 'cert?store=1')).json()).to.deep.equal({ msg: 'OK', sealed: [] });
  });

  it('takes a certificate out', async () => {
    expect((await elbs[0].admin('DELETE', 'cert?store=1', ['shop', 'nope'])).json()).to.deep.equal({
      shop: true,
      nope: 404,
    });
    await until('nobody serves it', async () => (await serials().catch(() => null)) === null);
  });
});
