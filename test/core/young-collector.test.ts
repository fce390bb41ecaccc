import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import { ManualScheduler } from '../fixtures/manual-scheduler.ts';

describe('young collector', () => {
  it('has young objects collected more often while much is made, and no longer', async () => {
    const shares: number[] = [];
    const scheduler = new ManualScheduler();
    const young = new YoungCollector((percent) => shares.push(percent), scheduler);
    const make = async (count: number, everyMs: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await scheduler.pass(everyMs);
        young.made(1);
      }
    };
    // One at a time, now and then.
    await make(40, 500);
    expect(shares).to.deep.equal([]);
    await make(1000, 20);
    expect(shares).to.deep.equal([10]);
    await scheduler.pass(10_000);
    expect(shares).to.deep.equal([10, 80]);
    young.made(100);
    expect(shares).to.deep.equal([10, 80, 10]);
    await scheduler.pass(10_000);
    expect(shares).to.deep.equal([10, 80, 10, 80]);
  });

  it('says it to V8', async () => {
    // In a process of its own, whose young objects have as much room as a worker's.
    const program = fileURLToPath(new URL('young-collections.ts', import.meta.url));
    const flags = ['--min-semi-space-size=8', '--max-semi-space-size=8'];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
    const [usual = 0, often = 0, after = 0] = JSON.parse(stdout) as readonly number[]; // see there
    expect(usual).to.be.above(0);
    expect(often).to.be.above(2 * Math.max(usual, after));
  });
});
