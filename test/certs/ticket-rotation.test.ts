import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { TicketRotation } from '../../lib/certs/ticket-rotation.ts';
import { Seal } from '../../lib/core/seal.ts';
import { Lease, type LeaseRecord } from '../../lib/acme/lease.ts';
import { OwnRecord } from '../../lib/acme/own-record.ts';
import { FileStore } from '../../lib/store/file.ts';
import { EtcdStore } from '../../lib/store/etcd.ts';
import type { TicketSeed } from '../../lib/tls/tickets.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { ManualScheduler } from '../fixtures/manual-scheduler.ts';

const HOUR = 3_600_000;

describe('what instances share through etcd', () => {
  const scheduler = new ManualScheduler();
  const seal = new Seal(['a secret of this fleet']);
  let etcd: EtcdProcess;
  let stores: readonly EtcdStore[];

  before(async () => {
    etcd = await startEtcd();
    const access = { username: null, password: null, ca: null, cert: null, key: null };
    stores = [0, 1].map(() => new EtcdStore({ ...access, endpoints: [etcd.endpoint], prefix: '/ELB/' }));
  });

  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await etcd.stop();
  });

  it('are seeds of tickets: the same for all, sealed, a new one in time, and none that is over', async () => {
    const seen: string[] = ['', ''];
    const rotations = stores.map(
      (store, i) =>
        new TicketRotation({
          store,
          seal,
          scheduler,
          random: () => 0,
          log: pino({ level: 'silent' }),
          periodMs: 12 * HOUR,
          apply: ([change]) => {
            if (change?.kind === 'tickets') seen[i] = change.document ?? '';
            return Promise.resolve();
          },
        }),
    );
    const look = async (): Promise<readonly TicketSeed[]> => {
      for (const rotation of rotations) await rotation.look();
      expect(seen[1]).to.equal(seen[0]);
      return JSON.parse(seen[0] ?? '') as readonly TicketSeed[];
    };
    const [first, ...none] = await look();
    expect([first?.from, none.length]).to.deep.equal([scheduler.now(), 0]);
    expect(await etcd.ctl('get', '--print-value-only', '/ELB/~tls/tickets')).to.match(/^sealed:/);
    await scheduler.pass(10 * HOUR);
    expect(await look()).to.have.length(1);
    await scheduler.pass(HOUR);
    const [second, old] = await look();
    expect(old).to.deep.equal(first);
    expect(second?.from).to.equal(scheduler.now() + 1.5 * HOUR);
    await scheduler.pass(24 * HOUR);
    expect(await look()).to.not.deep.include(first);
  });

  it('are no seeds where the store is a file: such an instance has its own, and writes none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-tickets-'));
    const file = join(folder, 'elb.yaml');
    writeFileSync(file, 'domains: {}\n');
    const seen: string[] = [];
    const store = new FileStore(file);
    const rotation = (): TicketRotation =>
      new TicketRotation({
        store,
        seal,
        scheduler,
        random: () => 0,
        log: pino({ level: 'silent' }),
        periodMs: 12 * HOUR,
        apply: async ([change]) => void seen.push(change?.kind === 'tickets' ? (change.document ?? '') : ''),
      });
    for (const one of [rotation(), rotation()]) await one.look();
    expect(seen.map((text) => (JSON.parse(text) as TicketSeed[]).length)).to.deep.equal([1, 1]);
    expect(seen[0]).to.not.equal(seen[1]);
    expect(readdirSync(folder)).to.deep.equal(['elb.yaml']);
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('is a lease that one has at a time, and that comes free when its holder is done or gone', async () => {
    const [a, b] = stores.map(
      (store, i) => new Lease(new OwnRecord<LeaseRecord>(store, seal, 'test/lease'), `instance ${i}`, scheduler),
    );
    let others: boolean | undefined;
    const has = await a?.hold(async () => {
      others = await b?.hold(async () => undefined);
    });
    expect([has, others]).to.deep.equal([true, false]);
    expect(await b?.hold(async () => undefined)).to.equal(true);
    // One that is killed in the midst of it.
    const record = new OwnRecord<LeaseRecord>(stores[0] ?? expect.fail(), seal, 'test/lease');
    await record.update(() => ({ holder: 'a ghost', until: scheduler.now() + 60_000 }));
    expect(await b?.hold(async () => undefined)).to.equal(false);
    await scheduler.pass(60_001);
    expect(await b?.hold(async () => undefined)).to.equal(true);
  });
});
