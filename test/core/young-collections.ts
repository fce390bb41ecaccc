// Prints how many collections there are while as much is allocated before, while, and after much is made that stays.
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import { ManualScheduler } from '../fixtures/manual-scheduler.ts';

/** Of 64 MiB that are allocated in small parts, each in a turn of its own. */
async function collections(): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => (count += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  const parts: unknown[] = Array.from({ length: 16 }, () => null);
  for (let i = 0; i < 16 * 1024; i++) {
    parts[i % 16] = Array.from({ length: 500 }, () => i);
    if (i % 16 === 15) await turn();
  }
  observer.disconnect();
  return count;
}

const scheduler = new ManualScheduler();
const young = new YoungCollector(undefined, scheduler);
const usual = await collections();
young.made(100);
// Told to V8 when it has collected once.
await collections();
const often = await collections();
await scheduler.pass(10_000);
await collections();
process.stdout.write(JSON.stringify([usual, often, await collections()]));
