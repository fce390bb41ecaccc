import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Elb } from '../fixtures/elb.ts';
import { processTree } from '../fixtures/processes.ts';

/** What the program and all its processes hold. */
export interface Holdings extends Descriptors, Memory {}

interface Descriptors {
  readonly processes: number;
  readonly sockets: number;
  /** Open files that are no sockets. */
  readonly files: number;
}

interface Memory {
  /** What is left after a collection, of the primary and the workers, in bytes. */
  readonly heapBytes: number;
  /** Proportional set size of all processes. */
  readonly residentBytes: number;
}

/** Looked at from outside: asking the program would open connections. */
export function descriptors(elb: Elb): Descriptors {
  const pids = processesOf(elb);
  const links = pids.flatMap(linksOf);
  const sockets = links.filter((link) => link.startsWith('socket:')).length;
  return { processes: pids.length, sockets, files: links.length - sockets };
}

/** The program has to run with `without-garbage.ts`. */
export async function memory(elb: Elb): Promise<Memory> {
  const metrics = (await elb.admin('GET', 'metrics')).text;
  const heaps = [...metrics.matchAll(/^elb_memory_bytes\{[^}]*kind="heap"[^}]*\} (\S+)$/gm)];
  return {
    heapBytes: heaps.reduce((sum, [, bytes]) => sum + Number(bytes), 0),
    residentBytes: processesOf(elb).reduce((sum, pid) => sum + residentOf(pid), 0),
  };
}

function processesOf(elb: Elb): number[] {
  return ifThere(() => processTree(elb.pid), []);
}

function linksOf(pid: number): string[] {
  return ifThere(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) =>
    ifThere(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)], []),
  );
}

function residentOf(pid: number): number {
  const text = ifThere(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Processes end and files are closed while one looks. */
function ifThere<Value>(look: () => Value, otherwise: Value): Value {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
