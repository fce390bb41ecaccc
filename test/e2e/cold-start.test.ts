import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { decodeImage } from '../../lib/store/image-format.ts';
import { ImageReader } from '../../lib/store/image-reader.ts';
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

  async function putLarge(count: number, filler: string): Promise<void> {
    const { entries } = await writer.read();
    const revisions = new Map(entries.map(({ key, revision }) => [key, revision]));
    for (let i = 0; i < count; i++) {
      const key = `rules/large${i}.test`;
      await writer.write([{ key, value: graph('/', filler.repeat(500_000)), expected: revisions.get(key) ?? 0 }]);
    }
  }

  const statusOf = async (elb: Elb, host: string, path: string) => (await elb.get(path, { host })).status;
  const snapshots = (): readonly string[] =>
    readdirSync(state).filter((name) => name.startsWith('snapshot-') && !name.endsWith('.tmp'));

  /** Whether a graph for a path is what a start would read of a.test. */
  function isInSnapshot(path: string): boolean {
    const [name] = snapshots();
    if (name === undefined) return false;
    const { entries } = decodeImage(readFileSync(join(state, name)), { prefix: '/ELB/', checker: 'any' });
    return entries.some(({ key, value }) => key === 'rules/a.test' && value === graph(path));
  }

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
    await putLarge(24, 'x');
    await put('a.test', '/v0');
    const first = await start();
    await until('there is a snapshot', () => snapshots().length === 1);
    await first.stop('SIGKILL');
    let killed = 0;
    let version = 0;
    // What a process writes first is the whole.
    for (let tries = 0; killed < 2 && tries < 20; tries++) {
      const elb = await start();
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
      await until('it has written what it knows', () => isInSnapshot(`/v${version}`));
      await until('parts are swept', () => readdirSync(state).every((name) => !name.endsWith('.tmp')));
      await cold.stop('SIGKILL');
    }
    expect(killed).to.equal(2);
    await etcd.ctl('del', '--prefix', '/ELB/rules/large');
  }).timeout(120_000);

  it('starts from all that was whole after kill -9 in the middle of an addition', async () => {
    // An addition may be an eighth of it.
    await putLarge(32, 'x');
    await put('a.test', '/v0');
    let torn = 0;
    let version = 0;
    for (let tries = 0; torn < 1 && tries < 10; tries++) {
      const elb = await start();
      await etcd.ctl('put', '/ELB/rules/a.test', graph(`/v${++version}`));
      await until('it has written what it knows', () => isInSnapshot(`/v${version}`));
      const name = snapshots()[0] ?? '';
      const watcher = watch(state, (_event, changed) => {
        if (changed !== name) return;
        // The supervisor first, or it starts a primary that writes as well.
        elb.kill('SIGKILL');
        process.kill(elb.primary, 'SIGKILL');
      });
      await putLarge(3, String(version));
      await elb.exited;
      watcher.close();
      const bytes = readFileSync(join(state, name));
      const { end, isDamaged } = new ImageReader(bytes, { prefix: '/ELB/', checker: 'any' });
      expect(isDamaged).to.equal(false);
      if (end < bytes.length) torn++;
      if (torn > 0) await etcd.kill();
      const cold = await start();
      expect(cold.logs.map(({ msg }) => msg)).to.include('starting from the snapshot');
      expect(await statusOf(cold, 'a.test', `/v${version}`)).to.equal(200);
      expect(await statusOf(cold, 'large2.test', '/')).to.equal(200);
      if (torn > 0) await etcd.restart();
      // It does not go on behind what was torn, but writes all it knows.
      await etcd.ctl('put', '/ELB/rules/a.test', graph(`/v${++version}`));
      await until('it has written what it knows', () => isInSnapshot(`/v${version}`));
      await cold.stop('SIGKILL');
    }
    expect(torn).to.equal(1);
    await etcd.ctl('del', '--prefix', '/ELB/rules/large');
  }).timeout(120_000);

  it('adds to the snapshot what has changed, and starts from that', async () => {
    await put('a.test', '/one');
    const first = await start();
    await until('the snapshot is there', () => snapshots().length === 1);
    const { ino, size } = statSync(join(state, snapshots()[0] ?? ''));
    await put('a.test', '/two');
    await until('it is added', () => isInSnapshot('/two'));
    const after = statSync(join(state, snapshots()[0] ?? ''));
    expect(after.ino).to.equal(ino);
    expect(after.size).to.be.above(size);
    await first.stop('SIGKILL');
    await etcd.kill();
    const second = await start();
    expect(await statusOf(second, 'a.test', '/two')).to.equal(200);
    expect(await statusOf(second, 'a.test', '/one')).to.equal(403);
    // A worker has read it by itself, and there was nothing to be added.
    const begun = second.logs.find(({ msg }) => msg === 'worker has begun with the snapshot');
    expect(begun?.['changes']).to.equal(0);
    await etcd.restart();
  }).timeout(60_000);

  it('takes a damaged snapshot for none, and says so in one line', async () => {
    await put('a.test', '/one');
    const first = await start();
    await until('the snapshot is there', () => snapshots().length === 1);
    await first.stop();
    const path = join(state, snapshots()[0] ?? '');
    const bytes = readFileSync(path);
    bytes.write('A', bytes.indexOf('a.test'));
    writeFileSync(path, bytes);
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
