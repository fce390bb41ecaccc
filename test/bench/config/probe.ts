// Loaded into every process of ELB that is measured (NODE_OPTIONS): writes down how long the turns of its event loop are, as time
// that its thread has computed, so that other processes on the machine do not count.
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { collect } from './collect.ts';
import { RECORD_MS, type ProbeRecord } from './record.ts';

const directory = process.env['ELB_PROBE'] ?? '';
const file = join(directory, String(process.pid));

let longestUs = 0;
let before = computedUs();
let isCollected = false;

watchTurn();

setInterval(() => {
  const wanted = existsSync(join(directory, 'collect'));
  if (wanted && !isCollected) for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const record: ProbeRecord = { at: Date.now(), longestUs, heap: heapUsed + external, rss, collected: wanted };
  appendFileSync(file, `${JSON.stringify(record)}\n`);
  isCollected = wanted;
  longestUs = 0;
  before = computedUs();
}, RECORD_MS).unref();

/** At the end of each turn, without keeping the loop from its sleep, which one that is not `unref`ed would. */
function watchTurn(): void {
  const now = computedUs();
  longestUs = Math.max(longestUs, now - before);
  before = now;
  setImmediate(watchTurn).unref();
}

function computedUs(): number {
  // Brings the thread's time up to date, which the system does by itself only when it switches or ticks: every 4 ms of a busy thread.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
