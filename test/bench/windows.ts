import { readFileSync } from 'node:fs';
import { Random } from '../sync/random.ts';
import { medianOf, percentilesOf } from './percentiles.ts';

/** In milliseconds since the epoch. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface TimedRequest {
  /** In milliseconds since the epoch. */
  readonly dueAt: number;
  readonly timeUs: number;
}

interface Compared {
  readonly pairs: number;
  readonly requests: number;
  readonly without: ReturnType<typeof percentilesOf>;
  readonly during: ReturnType<typeof percentilesOf>;
  /** 99th percentile during something, in parts of that without, and where 95 of 100 draws of pairs lie. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /**
   * Median of what each pair says by itself, and where 95 of 100 draws of pairs lie: moments in which something else had the processor,
   * which make most of the 99th percentile of all together, are in few pairs.
   */
  readonly each: {
    readonly withoutUs: number;
    readonly duringUs: number;
    readonly ratio: number;
    readonly low: number;
    readonly high: number;
  };
  /** The same where it happens once in `EVERY_MS`, and nothing between. */
  readonly overall: number;
}

/** What `programs/paced-load.ts` has written of its requests. */
export function readTimes(path: string): readonly TimedRequest[] {
  const bytes = readFileSync(path);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  return Array.from({ length: doubles.length / 2 }, (_, i) => ({
    dueAt: doubles[2 * i] ?? 0,
    timeUs: doubles[2 * i + 1] ?? 0,
  }));
}

/**
 * Compares the requests that were due while something happened with those that were due in windows of the same length right after it.
 * What the machine does beside it meets both of a pair alike. How far the result can be trusted comes from the pairs themselves, drawn
 * again and again (bootstrap).
 */
export function compareWindows(
  requests: readonly TimedRequest[],
  happened: readonly Interval[],
  settleMs: number,
): Compared {
  const last = requests.at(-1)?.dueAt ?? 0;
  const pairs = happened
    .map(({ from, to }) => ({ from, to, free: to + settleMs }))
    .filter(({ from, to, free }) => free + (to - from) <= last)
    .map(({ from, to, free }) => ({
      during: timesOf(requests, from, to),
      without: timesOf(requests, free, free + (to - from)),
      ms: to - from,
    }));
  const alone = pairs.map((pair) => ({
    during: percentilesOf(pair.during).p99Us,
    without: percentilesOf(pair.without).p99Us,
  }));
  const medianRatio = (of: typeof alone): number => medianOf(of.map((pair) => pair.during / pair.without));
  const during = percentilesOf(pairs.flatMap((pair) => pair.during));
  const without = percentilesOf(pairs.flatMap((pair) => pair.without));
  const random = new Random(1);
  const ratios = Array.from({ length: DRAWS }, () => {
    const drawn = pairs.map(() => random.pick(pairs));
    const of = (kind: 'during' | 'without'): number => percentilesOf(drawn.flatMap((pair) => pair[kind])).p99Us;
    return of('during') / of('without');
  }).toSorted((a, b) => a - b);
  const medians = Array.from({ length: DRAWS }, () => medianRatio(alone.map(() => random.pick(alone)))).toSorted(
    (a, b) => a - b,
  );
  const meanMs = pairs.reduce((sum, { ms }) => sum + ms, 0) / pairs.length;
  return {
    pairs: pairs.length,
    requests: pairs.reduce((sum, pair) => sum + pair.during.length + pair.without.length, 0),
    without,
    during,
    ratio: during.p99Us / without.p99Us,
    low: ratios[Math.floor(DRAWS * 0.025)] ?? Number.NaN,
    high: ratios[Math.floor(DRAWS * 0.975)] ?? Number.NaN,
    each: {
      withoutUs: medianOf(alone.map((pair) => pair.without)),
      duringUs: medianOf(alone.map((pair) => pair.during)),
      ratio: medianRatio(alone),
      low: medians[Math.floor(DRAWS * 0.025)] ?? Number.NaN,
      high: medians[Math.floor(DRAWS * 0.975)] ?? Number.NaN,
    },
    overall: p99OfMixture(pairs, Math.min(1, meanMs / EVERY_MS)) / without.p99Us,
  };
}

/** The 99th percentile where such a share of the requests is due while it happens. */
function p99OfMixture(
  pairs: readonly { during: readonly number[]; without: readonly number[] }[],
  share: number,
): number {
  const weighted = (kind: 'during' | 'without', of: number): (readonly [number, number])[] => {
    const times = pairs.flatMap((pair) => pair[kind]);
    return times.map((time) => [time, of / times.length] as const);
  };
  const all = [...weighted('during', share), ...weighted('without', 1 - share)].toSorted(([a], [b]) => b - a);
  let above = 0;
  for (const [time, weight] of all) if ((above += weight) >= 0.01) return time;
  return Number.NaN;
}

function timesOf(requests: readonly TimedRequest[], from: number, to: number): readonly number[] {
  return requests.filter(({ dueAt }) => dueAt >= from && dueAt < to).map(({ timeUs }) => timeUs);
}

const DRAWS = 400;
/** A usual interval of scrapes. */
const EVERY_MS = 15_000;
