import { expect } from 'chai';
import { Silence } from '../../lib/core/silence.ts';
import { ManualScheduler } from '../fixtures/manual-scheduler.ts';

describe('silence', () => {
  it('falls so long after what was heard last, once', async () => {
    const scheduler = new ManualScheduler();
    const silence = new Silence(scheduler, 100);
    let fallen = 0;
    void silence.fallen.then(() => fallen++);
    for (let i = 0; i < 5; i++) {
      await scheduler.pass(99);
      silence.broken();
    }
    expect(fallen).to.equal(0);
    await scheduler.pass(99);
    expect(fallen).to.equal(0);
    await scheduler.pass(1);
    expect(fallen).to.equal(1);
  });

  it('falls where nothing is heard at all', async () => {
    const scheduler = new ManualScheduler();
    const silence = new Silence(scheduler, 100);
    await scheduler.pass(100);
    await silence.fallen;
  });
});
