import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { percentilesOf } from './percentiles.ts';

export interface LoadResult {
  readonly requests: number;
  /** Requests that were not answered 200 in time, by what was seen of them. */
  readonly failures: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * GET requests at a constant rate, whether or not replies come, as many clients who have so much patience send them. The times are
 * those of requests that were answered 200.
 */
export async function patientLoad(
  port: number,
  ratePerS: number,
  seconds: number,
  patienceMs: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1000 });
  const timesUs: number[] = [];
  const failures: Record<string, number> = {};
  const total = Math.round(ratePerS * seconds);
  const start = performance.now();
  const asked: Promise<void>[] = [];
  for (let i = 0; i < total; i++) {
    const dueMs = (i / ratePerS) * 1000;
    const waitMs = start + dueMs - performance.now();
    if (waitMs > 1) await delay(waitMs);
    const since = performance.now();
    const ended = ask(agent, port, patienceMs).then((seen) => {
      if (seen === '200') timesUs.push((performance.now() - since) * 1000);
      else failures[seen] = (failures[seen] ?? 0) + 1;
    });
    asked.push(ended);
  }
  await Promise.all(asked);
  agent.destroy();
  const { p50Us, p99Us } = percentilesOf(timesUs);
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { requests: total, failures, failed, p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
}

/**
 * The status, or how it ended without one. A kept connection that is closed in the moment of its use is the client's own affair: as
 * browsers do, it asks again.
 */
async function ask(agent: Agent, port: number, patienceMs: number): Promise<string> {
  for (;;) {
    const seen = await askOnce(agent, port, patienceMs);
    if (seen !== STALE) return seen;
  }
}

function askOnce(agent: Agent, port: number, patienceMs: number): Promise<string> {
  return new Promise((resolve) => {
    const asking = request({ agent, port, host: '127.0.0.1', headers: { host: 'a.test' } }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.complete ? String(reply.statusCode) : 'cut'));
      reply.on('error', () => resolve('cut'));
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      resolve(asking.reusedSocket && error.code === 'ECONNRESET' ? STALE : (error.code ?? error.message));
    });
    const timer = setTimeout(() => {
      resolve('no answer');
      asking.destroy();
    }, patienceMs);
    asking.on('close', () => clearTimeout(timer));
    asking.end();
  });
}

const STALE = 'stale';
