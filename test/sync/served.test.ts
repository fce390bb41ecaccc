import { expect } from 'chai';
import { Served } from '../../lib/sync/served.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('the revision that is served', () => {
  it('is one that all before it are in force for', async () => {
    const served = new Served(new ManualScheduler());
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    expect(served.revision).to.equal(-1);
    served.reach(5, first.promise);
    served.reach(7, second.promise);
    second.resolve();
    await settled();
    expect(served.revision).to.equal(-1);
    first.resolve();
    await settled();
    expect(served.revision).to.equal(7);
  });

  it('goes back with a store that was restored', async () => {
    const served = new Served(new ManualScheduler());
    served.reach(7, Promise.resolve());
    served.reach(3, Promise.resolve());
    await settled();
    expect(served.revision).to.equal(3);
  });

  it('is waited for by many, each for its own', async () => {
    const served = new Served(new ManualScheduler());
    const told: string[] = [];
    for (const revision of [9, 5, 7]) void served.until(revision, 1000).then((is) => told.push(`${revision} ${is}`));
    served.reach(6, Promise.resolve());
    await settled();
    expect(told).to.deep.equal(['5 true']);
    served.reach(9, Promise.resolve());
    await settled();
    expect(told).to.deep.equal(['5 true', '9 true', '7 true']);
    expect(await served.until(9, 0)).to.equal(true);
  });

  it('is not waited for longer than was asked', async () => {
    const scheduler = new ManualScheduler();
    const served = new Served(scheduler);
    const waiting = served.until(5, 1000);
    await scheduler.pass(1000);
    expect(await waiting).to.equal(false);
    served.reach(5, Promise.resolve());
    await settled();
    expect(served.revision).to.equal(5);
  });
});
