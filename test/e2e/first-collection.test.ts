import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

describe('what a load leaves behind', () => {
  const collected = mkdtempSync(join(tmpdir(), 'elb-collected-'));
  let elb: Elb;

  after(async () => {
    await elb.stop();
    rmSync(collected, { recursive: true });
  });

  it('is collected by the primary soon', async () => {
    const probe = new URL('../fixtures/told-collections.ts', import.meta.url).href;
    const env = { NODE_OPTIONS: `--import=${probe}`, ELB_COLLECTED: collected };
    elb = await startElb({ args: ['--workers', '1'], env });
    await until('the primary has collected', () => readdirSync(collected).includes(String(elb.primary)));
  });
});
