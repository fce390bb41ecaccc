import { medianOf } from './percentiles.ts';

/**
 * Prints the nanoseconds one call takes: median of nine runs after one that warms up. What a call returns is added up and
 * compared with `expected` a call, so that the work is done and can be seen to be.
 */
export function nanoseconds(name: string, expected: number, call: () => number): void {
  const times: number[] = [];
  for (let run = 0; run < 10; run++) {
    let sum = 0;
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS; i++) sum += call();
    times.push(Number(process.hrtime.bigint() - start) / CALLS);
    if (sum !== expected * CALLS) throw new Error(`${name}: ${sum / CALLS} a call instead of ${expected}`);
  }
  console.log(`${name.padEnd(60)} ${medianOf(times.slice(1)).toFixed(0).padStart(8)} ns`);
}

const CALLS = 100_000;
