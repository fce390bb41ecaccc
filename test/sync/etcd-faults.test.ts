import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EtcdAccess } from '../../lib/core/config.ts';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { makeCertificates } from '../fixtures/certificates.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { failure } from '../fixtures/failure.ts';
import { until } from '../fixtures/until.ts';
import { startEtcd, startEtcdCluster } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';

const OPEN: Omit<EtcdAccess, 'endpoints'> = { username: null, password: null, ca: null, cert: null, key: null };

describe('sync over etcd under faults', () => {
  const planes: ControlPlane[] = [];
  let members: readonly EtcdProcess[] = [];
  afterEach(async () => {
    await Promise.all(planes.splice(0).map((plane) => plane.sync.stop()));
    await Promise.all(members.map((member) => member.stop()));
    members = [];
  });

  async function start(access: Partial<EtcdAccess> = {}): Promise<ControlPlane> {
    const endpoints = members.map(({ endpoint }) => endpoint);
    const plane = new ControlPlane(new EtcdStore({ ...OPEN, endpoints, prefix: '/ELB/', ...access }));
    planes.push(plane);
    await plane.sync.start();
    return plane;
  }

  /** A write through a member that works, and its arrival. */
  async function arrives(plane: ControlPlane, value: string, through: EtcdProcess | undefined): Promise<void> {
    // etcdctl gives up while a cluster chooses another leader.
    const put = () => through?.ctl('--command-timeout=5s', 'put', '/ELB/rules/a.test', graphText(value));
    await until('etcdctl has written', async () => (await failure(put() ?? Promise.resolve())) === null);
    await plane.until(() => plane.domain('a.test') === value);
  }

  it('misses nothing when members are killed or stand still, the leader among them', async () => {
    members = await startEtcdCluster(3);
    const plane = await start();
    await arrives(plane, 'begin', members[0]);
    await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') }]);
    for (const [i, member] of members.entries()) {
      const other = members[(i + 1) % members.length];
      await member.kill();
      await arrives(plane, `killed${i}`, other);
      await member.restart();
      member.pause();
      await arrives(plane, `paused${i}`, other);
      member.resume();
      await arrives(plane, `resumed${i}`, member);
    }
    expect(plane.domain('mine.test')).to.equal('mine');
    expect(plane.sync.ready).to.equal(true);
  }).timeout(120_000);

  it('goes back to an old backup with its cluster, and keeps what was changed here', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-backup-'));
    const etcd = await startEtcd();
    members = [etcd];
    const plane = await start();
    await arrives(plane, 'old', etcd);
    await etcd.save(join(directory, 'backup'));
    await arrives(plane, 'new', etcd);
    await etcd.ctl('put', '/ELB/rules/late.test', graphText('late'));
    await plane.until(() => plane.domain('late.test') === 'late');
    await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') }]);
    await etcd.restore(join(directory, 'backup'));
    await plane.until(() => plane.domain('a.test') === 'old');
    expect([plane.domain('late.test'), plane.domain('mine.test')]).to.deep.equal([null, 'mine']);
    await arrives(plane, 'newer', etcd);
    rmSync(directory, { recursive: true });
  }).timeout(60_000);

  it('believes that all data is gone when a second read says so, and follows what comes then', async () => {
    const etcd = await startEtcd();
    members = [etcd];
    const plane = await start();
    await arrives(plane, 'old', etcd);
    await etcd.wipe();
    await plane.until(() => plane.domain('a.test') === null);
    expect(plane.said('the store has lost most keys: reading again to be sure')).to.have.length(1);
    await arrives(plane, 'new', etcd);
  }).timeout(60_000);

  it('takes the removal of the last key at once', async () => {
    const etcd = await startEtcd();
    members = [etcd];
    const plane = await start();
    await arrives(plane, 'only', etcd);
    await etcd.ctl('del', '--prefix', '/ELB/');
    await plane.until(() => plane.domain('a.test') === null);
    expect(plane.said('the store has lost most keys: reading again to be sure')).to.have.length(0);
  });

  it('shows a certificate, a user and a password, and goes on when its token is no longer known', async () => {
    const files = await makeCertificates();
    const [ca, cert, key] = [files.ca, files.cert, files.key].map((path) => readFileSync(path));
    const etcd = await startEtcd(files);
    members = [etcd];
    await etcd.ctl('user', 'add', 'root:secret');
    await etcd.ctl('user', 'grant-role', 'root', 'root');
    await etcd.ctl('auth', 'enable');
    const put = (value: string) => etcd.ctl('--user=root:secret', 'put', '/ELB/rules/a.test', graphText(value));
    await put('first');
    const access = { username: 'root', password: 'secret', ca: ca ?? null, cert: cert ?? null, key: key ?? null };
    const plane = await start(access);
    await plane.until(() => plane.domain('a.test') === 'first');
    for (const value of ['second', 'third']) {
      // Tokens live in the member's memory.
      await etcd.kill();
      await etcd.restart();
      await put(value);
      await plane.until(() => plane.domain('a.test') === value);
    }
    await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') }]);
    await plane.dump();
    expect(await etcd.ctl('--user=root:secret', 'get', '--print-value-only', '/ELB/rules/mine.test')).to.equal(
      `${graphText('mine')}\n`,
    );
    await files.remove();
  }).timeout(60_000);

  it('loads 20,000 keys, more than one answer of etcd can hold, while they are written', async () => {
    const etcd = await startEtcd();
    members = [etcd];
    const writer = new EtcdStore({ ...OPEN, endpoints: [etcd.endpoint], prefix: '/ELB/' });
    const large = JSON.stringify({ note: 'x'.repeat(200), ...graphTo('one') });
    const plane = await start();
    for (let i = 0; i < 20_000; i += 125) {
      const keys = Array.from({ length: 125 }, (_, j) => `rules/d${i + j}.test`);
      await writer.write(keys.map((key) => ({ key, value: large, expected: 0 })));
    }
    const late = await start();
    for (const one of [plane, late]) {
      await one.until(() => one.domain('d19999.test') === 'one');
      expect(Object.keys(one.sync.domains())).to.have.length(20_000);
    }
    await writer.close();
  }).timeout(60_000);
});
