import { expect } from 'chai';
import { pino } from 'pino';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreError } from '../../lib/store/store.ts';
import { Fleet } from '../../lib/sync/fleet.ts';
import type { FleetState } from '../../lib/sync/fleet.ts';
import type { Scheduler } from '../../lib/core/scheduler.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

/** A store whose keys of presence stay as long as they are not withdrawn. */
class ShownStore extends MemoryStore {
  readonly announced: string[] = [];
  isAway = false;

  presenceOf() {
    let own = '';
    return Object.assign(Object.create(this) as ShownStore, {
      presence: {
        everyMs: 5000,
        announce: async (key: string, value: string) => {
          if (this.isAway) throw new StoreError('away');
          own = key;
          this.announced.push(value);
          this.commit([{ key, value }]);
        },
        withdraw: async () => void this.commit([{ key: own, value: null }]),
      },
      own: this.own,
    });
  }
}

describe('fleet', () => {
  const quiet: FleetState = { revision: 5, hash: 'h1', rejected: 0, overlays: 0, ready: true, reason: null };

  function rig(clockOf: (scheduler: ManualScheduler) => Scheduler = (scheduler) => scheduler) {
    const scheduler = new ManualScheduler();
    const store = new ShownStore();
    const lines: string[] = [];
    const log = pino({}, { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) });
    const join = (id: string, first: FleetState) => {
      const told = { state: first as FleetState | null };
      const fleet = new Fleet({
        id,
        about: { version: '1', host: 'h', pid: 1, started_at: '' },
        store: store.presenceOf(),
        scheduler: clockOf(scheduler),
        log,
        state: () => told.state,
        served: async (revision) => (told.state?.revision ?? -1) >= revision,
      });
      fleet.start();
      const tell = (state: FleetState | null): void => {
        told.state = state;
        fleet.changed();
      };
      return { fleet, tell };
    };
    return { scheduler, store, lines, join };
  }

  async function laggards(fleet: Fleet): Promise<readonly string[]> {
    return (await fleet.members()).filter(({ lags }) => lags).map(({ id }) => id);
  }

  it('who knows the same does not lag, whatever its revision; else the lower revision does', async () => {
    const { scheduler, join } = rig();
    const a = join('a', quiet);
    const b = join('b', { ...quiet, revision: 4 });
    await scheduler.pass(0);
    expect(await laggards(a.fleet)).to.deep.equal([]);
    await scheduler.pass(1000);
    a.tell({ ...quiet, revision: 7, hash: 'h2' });
    await scheduler.pass(100);
    expect(await laggards(a.fleet)).to.deep.equal(['b']);
    expect(await laggards(b.fleet)).to.deep.equal(['b']);
    b.tell({ ...quiet, revision: 7, hash: 'h2' });
    await scheduler.pass(100);
    expect(await laggards(b.fleet)).to.deep.equal([]);
  });

  it('a revision that moves alone is not told', async () => {
    const { scheduler, store, join } = rig();
    const a = join('a', quiet);
    await scheduler.pass(0);
    a.tell({ ...quiet, revision: 100 });
    await scheduler.pass(12_000);
    expect(new Set(store.announced).size).to.equal(1);
    a.tell({ ...quiet, revision: 101, overlays: 1 });
    await scheduler.pass(100);
    expect(JSON.parse(store.announced.at(-1) ?? '')).to.include({ revision: 101, overlays: 1 });
  });

  it('changes without end are told once a second', async () => {
    const { scheduler, store, join } = rig();
    const a = join('a', quiet);
    await scheduler.pass(0);
    for (let revision = 6; revision < 306; revision++) {
      a.tell({ ...quiet, revision, hash: `h${revision}` });
      await scheduler.pass(20);
    }
    await scheduler.pass(1000);
    const told = [...new Set(store.announced)].map((text) => (JSON.parse(text) as { revision: number }).revision);
    expect(told).to.have.length.within(6, 9);
    expect(told.at(-1)).to.equal(305);
  });

  it('asks for no time that has passed, though the clock goes on between two looks at it', async () => {
    const asked: number[] = [];
    let looks = 0;
    const { scheduler, join } = rig((passing) => ({
      now: () => passing.now() + looks++,
      after: (ms, run) => (asked.push(ms), passing.after(ms, run)),
    }));
    const a = join('a', quiet);
    await scheduler.pass(0);
    a.tell({ ...quiet, revision: 7, hash: 'h2' });
    await scheduler.pass(12_000);
    expect(asked.length).to.be.above(2);
    expect(asked.filter((ms) => ms < 0)).to.deep.equal([]);
  });

  it('what is on its way to the workers is not told before it is there', async () => {
    const { scheduler, store, join } = rig();
    const a = join('a', quiet);
    await scheduler.pass(0);
    a.tell(null);
    await scheduler.pass(5000);
    expect(new Set(store.announced).size).to.equal(1);
    expect((await a.fleet.members()).map(({ revision }) => revision)).to.deep.equal([5]);
  });

  it('waits for all, and names those for whom it waited in vain', async () => {
    const { scheduler, join } = rig();
    const a = join('a', { ...quiet, revision: 9, hash: 'h2' });
    const b = join('b', quiet);
    await scheduler.pass(0);
    const inVain = a.fleet.until(9, 1000);
    await scheduler.pass(1000);
    expect(await inVain).to.deep.equal(['b']);
    const waiting = a.fleet.until(9, 1000);
    await settled();
    b.tell({ ...quiet, revision: 9, hash: 'h2' });
    await scheduler.pass(500);
    expect(await waiting).to.deep.equal([]);
    expect(await b.fleet.until(10, 0)).to.deep.equal(['b']);
  });

  it('a store that is away is said once, and that it is back', async () => {
    const { scheduler, store, lines, join } = rig();
    store.isAway = true;
    const a = join('a', quiet);
    await scheduler.pass(12_000);
    expect(lines).to.deep.equal(['not seen by the other instances']);
    store.isAway = false;
    await scheduler.pass(5000);
    expect(lines).to.deep.equal(['not seen by the other instances', 'seen by the other instances again']);
    await a.fleet.stop();
    expect(await store.own.list('~')).to.deep.equal([]);
  });
});
