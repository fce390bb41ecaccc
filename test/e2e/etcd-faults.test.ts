import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { graphOf } from '../fixtures/control-plane.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, startEtcdCluster, type EtcdProcess } from '../fixtures/etcd.ts';
import { startExactLoad, type ExactLoad } from '../fixtures/exact-load.ts';
import { failure } from '../fixtures/failure.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';

/** Asked all the time; nothing that happens to the store may cost it an answer. */
const STEADY = 'steady.test';
/** Written again and again: what is written must be served. */
const NEWS = 'news.test';
/** Put through the admin API and never dumped. */
const OVERLAY = 'mine.test';

describe('the whole program while its etcd is in trouble', () => {
  let web: NamedServer;
  let elb: Elb | null = null;
  let load: ExactLoad | null = null;
  let members: readonly EtcdProcess[] = [];

  before(async () => {
    web = await startNamedServer('web');
  });

  after(() => web.stop());

  afterEach(async () => {
    await load?.stop();
    await elb?.stop();
    await Promise.all(members.map((member) => member.stop()));
    [load, elb, members] = [null, null, []];
  });

  async function start(etcds: readonly EtcdProcess[]): Promise<Elb> {
    members = etcds;
    await members[0]?.ctl('put', `/ELB/rules/${STEADY}`, JSON.stringify(graphOf(web.address)));
    const program = await startElb({
      env: { ETCD: members.map(({ endpoint }) => endpoint).join(','), ELB_WORKERS: '2' },
    });
    elb = program;
    const put = await program.admin('PUT', 'domain', { [OVERLAY]: graphOf(web.address) });
    expect(put.text).to.equal('{"msg":"OK"}\n');
    load = startExactLoad({ port: program.port, host: STEADY, expected: 'web ', lanes: 1 });
    return program;
  }

  /** Status of the answer on fresh connections, which spread over the workers: the same ten times in a row. */
  function settles(program: Elb, host: string, status: number): Promise<void> {
    let row = 0;
    return until(`${host} answers ${status} everywhere`, async () => {
      row = (await program.get('/', { host })).status === status ? row + 1 : 0;
      return row === 10;
    });
  }

  /** A write through a member that works is served by every worker, and the next one as well. */
  async function follows(program: Elb, through: EtcdProcess | undefined): Promise<void> {
    if (through === undefined) throw new Error('no such member');
    for (const status of [418, 419]) {
      const graph = { init: 'r', rules: { r: { type: 'respond', args: { status } } } };
      // etcdctl gives up while a cluster chooses another leader.
      const put = () => through.ctl('--command-timeout=5s', 'put', `/ELB/rules/${NEWS}`, JSON.stringify(graph));
      // oxlint-disable-next-line no-await-in-loop
      await until('etcdctl has written', async () => (await failure(put())) === null);
      // oxlint-disable-next-line no-await-in-loop
      await settles(program, NEWS, status);
    }
  }

  /** No request was lost, and what operators changed here is still served and still theirs. */
  async function unharmed(program: Elb): Promise<void> {
    const answered = load?.answered ?? 0;
    await until('the load goes on', () => (load?.answered ?? 0) > answered);
    expect(load?.lost).to.deep.equal([]);
    await settles(program, OVERLAY, 200);
    const status = (await program.admin('GET', 'status')).json() as { overlays: readonly { key: string }[] }; // its documented shape
    expect(status.overlays.map(({ key }) => key)).to.deep.equal([`rules/${OVERLAY}`]);
    expect((await program.admin('GET', 'health')).status).to.equal(200);
  }

  it('loses no request and no change when each member of three is killed, and then stands still', async () => {
    const program = await start(await startEtcdCluster(3));
    for (const [i, member] of members.entries()) {
      const other = members[(i + 1) % members.length];
      await member.kill();
      await follows(program, other);
      await member.restart();
      member.pause();
      await follows(program, other);
      member.resume();
      await follows(program, member);
    }
    await unharmed(program);
  }).timeout(180_000);

  it('goes on without any member, and follows what was written and compacted meanwhile', async () => {
    const [etcd] = [await startEtcd()];
    const program = await start([etcd]);
    await follows(program, etcd);
    await etcd.kill();
    await until('the loss is seen', async () => {
      const { store } = (await program.admin('GET', 'status')).json() as { store: { connected: boolean } }; // as documented
      return !store.connected;
    });
    expect((await program.admin('PUT', 'dump')).status).to.equal(503);
    await unharmed(program);
    await etcd.restart();
    const said = JSON.parse(await etcd.ctl('put', '/elsewhere', 'x', '-w', 'json')) as { header: { revision: number } }; // of etcdctl
    await etcd.ctl('compact', String(said.header.revision));
    await follows(program, etcd);
    await unharmed(program);
  }).timeout(60_000);

  it('goes back to an older backup with its cluster, and believes that all data is gone when it is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-backup-'));
    const etcd = await startEtcd();
    const program = await start([etcd]);
    await etcd.save(join(directory, 'backup'));
    await follows(program, etcd);
    await etcd.restore(join(directory, 'backup'));
    await settles(program, NEWS, 404);
    await follows(program, etcd);
    await unharmed(program);
    rmSync(directory, { recursive: true });

    await load?.stop();
    await etcd.wipe();
    await settles(program, STEADY, 404);
    await settles(program, OVERLAY, 200);
    await follows(program, etcd);
  }).timeout(60_000);
});
