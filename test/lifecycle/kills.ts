import { clientPorts } from '../fixtures/client-ports.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { startExactLoad } from '../fixtures/exact-load.ts';
import { startNamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';
import { HOST, lifecycleOf, PATIENCE, siteFor } from './site.ts';

export interface KillsReport {
  readonly kills: number;
  readonly answered: number;
  /** Connections that the killed workers had accepted, as the kernel says. */
  readonly held: number;
  /** Requests on those that got no answer. */
  readonly lostThere: number;
  /** Requests that got no answer for any other reason. */
  readonly lostElsewhere: readonly string[];
  /** Milliseconds from each kill until another worker listened. */
  readonly replacedMs: readonly number[];
  /** Kills after which the worker that listened next was the one that stood by. */
  readonly bySpare: number;
}

interface Worker {
  readonly pid: number;
  readonly state: string;
}

/**
 * Kills one worker after the other under load. A worker is stopped first, so that what it holds can be looked at: the clients of the
 * connections it has accepted. Only their requests may be lost.
 */
export async function kills(count: number, workers: number): Promise<KillsReport> {
  const server = await startNamedServer('web');
  const elb = await startElb({ file: siteFor(server), env: { ...PATIENCE, ELB_WORKERS: String(workers) } });
  try {
    // A change that is in no store: a worker that takes over has it, too.
    await elb.admin('PUT', 'domain', {
      'overlay.test': { init: 'r', rules: { r: { type: 'ua', args: { pattern: 'x' } } } },
    });
    const load = startExactLoad({ port: elb.port, host: HOST, expected: 'web ' });
    const lostElsewhere: string[] = [];
    const replacedMs: number[] = [];
    let seen = 0;
    let lostThere = 0;
    let connections = 0;
    let bySpare = 0;
    for (let i = 0; i < count; i++) {
      await until('a worker stands by', async () => (await workersOf(elb)).some(({ state }) => state === 'standby'));
      const { answered } = load;
      await until('the load flows', () => load.answered > answered + 100);
      const all = await workersOf(elb);
      const spare = all.find(({ state }) => state === 'standby')?.pid;
      const serving = all.filter(({ state }) => state === 'serving').map(({ pid }) => pid);
      const pid = serving[i % serving.length] ?? 0;
      process.kill(pid, 'SIGSTOP');
      const held = clientPorts(pid, elb.port);
      const lines = elb.logs.length;
      const killedAt = Date.now();
      process.kill(pid, 'SIGKILL');
      await until('another worker listens', () => listened(elb, lines) !== null);
      const next = listened(elb, lines);
      replacedMs.push((next?.at ?? 0) - killedAt);
      if (next?.pid === spare) bySpare++;
      await until('every client has an answer or knows that it gets none', () =>
        [...load.awaited()].every((port) => !held.has(port)),
      );
      const lost = load.lost.slice(seen);
      seen = load.lost.length;
      connections += held.size;
      lostThere += lost.filter(({ port }) => held.has(port)).length;
      for (const { port, path, reason } of lost)
        if (!held.has(port)) lostElsewhere.push(`${path} from port ${port}: ${reason}`);
      const { status } = await elb.get('/', { Host: 'overlay.test' });
      if (status !== 403) lostElsewhere.push(`a change was forgotten: ${status}`);
    }
    await load.stop();
    const { worker_ends: ends } = await lifecycleOf(elb);
    if (ends.count !== count || ends.last?.reason !== 'SIGKILL')
      lostElsewhere.push(`not reported: ${JSON.stringify(ends)}`);
    return { kills: count, answered: load.answered, held: connections, lostThere, lostElsewhere, replacedMs, bySpare };
  } finally {
    await elb.stop();
    await server.stop();
  }
}

async function workersOf(elb: Elb): Promise<readonly Worker[]> {
  const answer = await elb.admin('GET', 'status').catch(() => null);
  return answer?.status === 200 ? (answer.json() as { workers: Worker[] }).workers : [];
}

/** Which worker has begun to listen since, and when. */
function listened(elb: Elb, lines: number): { readonly pid: number; readonly at: number } | null {
  const line = elb.logs.slice(lines).find(({ msg }) => msg === 'worker listens');
  return line === undefined ? null : { pid: Number(line['worker']), at: Date.parse(String(line['time'])) };
}
