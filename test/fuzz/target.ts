import type { Random } from '../sync/random.ts';

/** Something that is fuzzed. One run takes all that is random from `random`, so that a seed brings it again. */
export interface FuzzTarget {
  readonly name: string;
  /** Throws, or rejects, with what is wrong. */
  run(random: Random): void | Promise<void>;
  stop(): Promise<void>;
}

/** Throws where two values differ, with the place and the bytes that brought them apart. */
export function same(found: unknown, expected: unknown, what: string, bytes: Buffer): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left === right) return;
  let at = 0;
  while (left[at] === right[at]) at++;
  const from = Math.max(0, at - 60);
  fail(`${what}: ...${left.slice(from, at + 200)} instead of ...${right.slice(from, at + 200)}`, bytes);
}

export function fail(what: string, bytes: Buffer): never {
  const text = bytes.toString('latin1').replaceAll(/x{100,}/g, (run) => `<${run.length} x>`);
  throw new Error(`${what}\n  for ${JSON.stringify(text)}`);
}

/** The promise's value, or a failure after a time in which everything on one machine has happened. */
export async function bounded<Value>(promise: Promise<Value>, what: string, bytes: Buffer): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(what)), BOUND_MS);
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), bytes);
  } finally {
    clearTimeout(timer);
  }
}

const BOUND_MS = 5_000;
