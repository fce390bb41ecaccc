// Loaded into every process of ELB that is measured (NODE_OPTIONS): writes down how long the turns of its event loop are, as time
// that its thread has computed, so that other processes on the machine do not count.
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { collectGarbage } from '../../../lib/core/collect-garbage.ts';
import { RECORD_MS, type ProbeRecord } from './record.ts';

const directory = process.env['ELB_PROBE'] ?? '';
const file = join(directory, String(process.pid));

let longestUs = 0;
let beyondUs = 0;
/** What an event takes, of the last few quarters of a second, the last one counting half. */
let eachUs = 0;
let recent = { us: 0, events: 0 };
let before = now();
let begun = before;
let isCollected = false;

watchTurn();

setInterval(() => {
  const wanted = existsSync(join(directory, 'collect'));
  if (wanted && !isCollected) for (let i = 0; i < 3; i++) collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const record: ProbeRecord = {
    at: Date.now(),
    longestUs,
    beyondUs,
    heap: heapUsed + external,
    rss,
    collected: wanted,
  };
  appendFileSync(file, `${JSON.stringify(record)}\n`);
  isCollected = wanted;
  longestUs = 0;
  beyondUs = 0;
  before = now();
  recent = { us: (recent.us + before.us - begun.us) / 2, events: (recent.events + before.events - begun.events) / 2 };
  eachUs = recent.events > ENOUGH ? recent.us / recent.events : 0;
  begun = before;
}, RECORD_MS).unref();

/** At the end of each turn, without keeping the loop from its sleep, which one that is not `unref`ed would. */
function watchTurn(): void {
  const { us, events } = now();
  const turnUs = us - before.us;
  longestUs = Math.max(longestUs, turnUs);
  beyondUs = Math.max(beyondUs, turnUs - (events - before.events) * eachUs);
  before = { us, events };
  setImmediate(watchTurn).unref();
}

/** What the thread has computed, and how many events its loop has seen. */
function now(): { readonly us: number; readonly events: number } {
  // Brings the thread's time up to date, which the system does by itself only when it switches or ticks: every 4 ms of a busy thread.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return { us: user + system, events: performance.nodeTiming.uvMetricsInfo.events };
}

/** Events that an average is told from. */
const ENOUGH = 50;
