import { readdirSync, readFileSync } from 'node:fs';

/**
 * What the operating system says about a process and its descendants. Linux only.
 */
export interface Usage {
  /** User and system time of all of them, with that of children that have ended, in microseconds. */
  readonly cpuUs: number;
  /** Proportional set size: memory of their own and their share of what several processes map. */
  readonly residentBytes: number;
}

export function usageOf(root: number): Usage {
  let ticks = 0;
  let residentBytes = 0;
  for (const { pid, cpuTicks } of tree(root)) {
    ticks += cpuTicks;
    residentBytes += proportionalBytes(pid);
  }
  return { cpuUs: (ticks * 1e6) / TICKS_PER_SECOND, residentBytes };
}

/** CPU time of each process of a tree, by process id, in microseconds. */
export function cpuOfEach(root: number): Map<number, number> {
  return new Map(tree(root).map(({ pid, cpuTicks }) => [pid, (cpuTicks * 1e6) / TICKS_PER_SECOND]));
}

/** Share of the machine's time that was not idle between two calls of `coreTimes`, for each core. */
export function busyShares(before: readonly CoreTime[], after: readonly CoreTime[]): number[] {
  return after.map((core, i) => {
    const total = core.total - (before[i]?.total ?? 0);
    const idle = core.idle - (before[i]?.idle ?? 0);
    return total === 0 ? 0 : 1 - idle / total;
  });
}

export interface CoreTime {
  readonly total: number;
  readonly idle: number;
}

/** Time of each core since boot, in ticks (proc_stat(5)). */
export function coreTimes(): CoreTime[] {
  const lines = readFileSync('/proc/stat', 'utf8').split('\n');
  return lines
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      // user nice system idle iowait irq softirq steal; guest time is within user time.
      const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
      const [, , , idle = 0, waiting = 0] = times;
      return { total: times.reduce((sum, time) => sum + time, 0), idle: idle + waiting };
    });
}

/** USER_HZ: the unit of times in /proc, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
}

/** A process and its descendants. */
function tree(root: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processStat(Number(name)))
    .filter((stat) => stat !== null);
  const found = all.filter(({ pid }) => pid === root);
  // The list grows while it is read: children of children are found in turn.
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** Reads /proc/PID/stat; null where the process has ended. The name, the second field, may hold spaces and parentheses. */
function processStat(pid: number): ProcessStat | null {
  const text = contentOf(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (number: number): number => Number(fields[number - 3] ?? 0);
  return { pid, parent: at(4), cpuTicks: at(14) + at(15) + at(16) + at(17) };
}

function proportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(contentOf(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
