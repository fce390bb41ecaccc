import { mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';

const OPEN = { username: null, password: null, ca: null, cert: null, key: null };

describe('the program without its etcd', () => {
  let etcd: EtcdProcess;
  let server: NamedServer;
  let writer: EtcdStore;
  let state = '';
  const running: Elb[] = [];
  before(async () => {
    [etcd, server] = await Promise.all([startEtcd(), startNamedServer('web')]);
    writer = new EtcdStore({ ...OPEN, endpoints: [etcd.endpoint], prefix: '/ELB/' });
  });
  after(async () => {
    await writer.close();
    await Promise.all([etcd.stop(), server.stop()]);
  });
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'elb-state-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((elb) => elb.stop('SIGKILL')));
    rmSync(state, { recursive: true, force: true });
  });

  async function start(env: Record<string, string> = {}): Promise<Elb> {
    const elb = await startElb({ env: { ETCD: etcd.endpoint, ELB_STATE: state, ...env } });
    running.push(elb);
    return elb;
  }

  async function put(domain: string, path: string): Promise<void> {
    await etcd.ctl('put', `/ELB/upstreams/web/${server.address}`, '');
    await etcd.ctl('put', `/ELB/rules/${domain}`, graph(path));
  }

  const statusOf = async (elb: Elb, host: string, path: string) => (await elb.get(path, { host })).status;
  const snapshots = (): readonly string[] =>
    readdirSync(state).filter((name) => name.startsWith('snapshot-') && !name.endsWith('.tmp'));

  it('serves what it knew, refuses to dump, and follows etcd when that comes', async () => {
    await put('a.test', '/one');
    const first = await start();
    await until('the snapshot is there', () => snapshots().length === 1);
    await first.stop('SIGKILL');
    await etcd.kill();

    const second = await start();
    expect(await statusOf(second, 'a.test', '/one')).to.equal(200);
    expect(await statusOf(second, 'b.test', '/one')).to.equal(404);
    expect((await second.admin('PUT', 'dump')).status).to.equal(503);
    const said = second.logs.map(({ msg }) => msg);
    expect(said).to.include('starting from the snapshot');
    // A worker has read it by itself, and there was nothing to be added.
    const begun = second.logs.find(({ msg }) => msg === 'worker has begun with the snapshot');
    expect(begun?.['changes']).to.equal(0);

    await etcd.restart();
    await put('a.test', '/two');
    await until('it follows', async () => (await statusOf(second, 'a.test', '/two')) === 200);
    expect(await statusOf(second, 'a.test', '/one')).to.equal(403);
  }).timeout(60_000);

  it('starts from the last whole snapshot after kill -9 in the middle of a write', async () => {
    // Twelve megabytes: a write takes a while.
    for (let i = 0; i < 24; i++) {
      await writer.write([{ key: `rules/large${i}.test`, value: graph('/', 'x'.repeat(500_000)), expected: 0 }]);
    }
    await put('a.test', '/v0');
    let killed = 0;
    let version = 0;
    for (let tries = 0; killed < 2 && tries < 20; tries++) {
      const elb = await start();
      await until('there is a snapshot', () => snapshots().length === 1);
      const whole = readFileSync(join(state, snapshots()[0] ?? ''));
      const watcher = watch(state, (_event, name) => {
        if (name?.endsWith('.tmp') !== true) return;
        // The supervisor first, or it starts a primary that writes as well.
        elb.kill('SIGKILL');
        process.kill(elb.primary, 'SIGKILL');
      });
      await put('a.test', `/v${++version}`);
      await elb.exited;
      watcher.close();
      const parts = readdirSync(state).filter((name) => name.endsWith('.tmp'));
      if (parts.length > 0) {
        killed++;
        expect(readFileSync(join(state, snapshots()[0] ?? '')).equals(whole)).to.equal(true);
      }
      const cold = await start();
      expect(cold.logs.map(({ msg }) => msg)).to.include('starting from the snapshot');
      await until('it is up to date', async () => (await statusOf(cold, 'a.test', `/v${version}`)) === 200);
      await until('parts are swept', () => readdirSync(state).every((name) => !name.endsWith('.tmp')));
      await cold.stop('SIGKILL');
    }
    expect(killed).to.equal(2);
    await etcd.ctl('del', '--prefix', '/ELB/rules/large');
  }).timeout(120_000);

  it('takes a damaged snapshot for none, and says so in one line', async () => {
    await put('a.test', '/one');
    const first = await start();
    await until('the snapshot is there', () => snapshots().length === 1);
    await first.stop();
    const path = join(state, snapshots()[0] ?? '');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    const second = await start();
    expect(await statusOf(second, 'a.test', '/one')).to.equal(200);
    // A busy machine may make the event loop late, which is no complaint about the snapshot.
    const complaints = second.logs.filter(({ level, msg }) => level !== 'info' && msg !== 'overloaded');
    expect(complaints.map(({ msg, reason }) => [msg, reason])).to.deep.equal([
      ['the snapshot cannot be used: starting without it', 'is damaged: its checksum does not fit'],
    ]);
  });

  it('writes nowhere with ELB_SNAPSHOT=off', async () => {
    const elb = await start({ ELB_SNAPSHOT: 'off' });
    await elb.stop();
    expect(readdirSync(state)).to.deep.equal([]);
  });
});

function graph(path: string, notes = ''): string {
  const rules = {
    r: { type: 'path', args: { pattern: path, succ: 'web' } },
    web: { type: 'backend', args: { servername: 'web' } },
  };
  return JSON.stringify({ notes, init: 'r', rules });
}
