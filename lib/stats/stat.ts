import type { StatView, TimesView } from '../core/stat-view.ts';
import type { Histogram, HistogramDelta } from './histogram.ts';
import { Rate } from './rate.ts';
import { TimeWindows } from './time-windows.ts';

/**
 * How often something is asked for, how often in vain, and what it takes: since the beginning, and over the last minute, five and
 * fifteen.
 */
export class Stat {
  count = 0;
  errors = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly codes = new Map<string, number>();
  readonly rate = new Rate();
  readonly errorRate = new Rate();
  readonly times = new TimeWindows();

  /** So many more have ended with that code: a status, or the name of an ending. */
  add(code: string, isError: boolean, count: number): void {
    this.count += count;
    this.codes.set(code, (this.codes.get(code) ?? 0) + count);
    this.rate.add(count);
    if (!isError) return;
    this.errors += count;
    this.errorRate.add(count);
  }

  took(durationUs: HistogramDelta | null): void {
    if (durationUs !== null) this.times.merge(durationUs);
  }

  tick(): void {
    this.rate.tick();
    this.errorRate.tick();
  }

  /** It need not be looked at until something is added. */
  get isStill(): boolean {
    return this.rate.isStill && this.times.isEmpty;
  }

  view(): StatView {
    const { rate, errorRate } = this;
    const times = this.times.last(15);
    const late = timesView(times);
    return {
      ...late,
      count: this.count,
      m1: rounded(rate.m1),
      m5: rounded(rate.m5),
      m15: rounded(rate.m15),
      errCount: this.errors,
      m1Err: rounded(errorRate.m1),
      m5Err: rounded(errorRate.m5),
      m15Err: rounded(errorRate.m15),
      m1ErrPercent: ratio(errorRate.m1, rate.m1),
      m5ErrPercent: ratio(errorRate.m5, rate.m5),
      m15ErrPercent: ratio(errorRate.m15, rate.m15),
      reqSize: this.receivedBytes,
      respSize: this.sentBytes,
      codes: Object.fromEntries(this.codes),
      windows: { '1m': timesView(this.times.last(1)), '5m': timesView(this.times.last(5)), '15m': timesView(times) },
    };
  }
}

function timesView(us: Histogram): TimesView {
  const isEmpty = us.count === 0;
  const at = (share: number): number | null => (isEmpty ? null : rounded(us.quantile(share) / 1000));
  return {
    count: us.count,
    min: at(0),
    max: at(1),
    mean: isEmpty ? null : rounded(us.sum / us.count / 1000),
    p25: at(0.25),
    p50: at(0.5),
    p75: at(0.75),
    p95: at(0.95),
    p98: at(0.98),
    p99: at(0.99),
    p999: at(0.999),
  };
}

function ratio(part: number, whole: number): number {
  return whole < 1e-9 ? 0 : rounded(Math.min(1, part / whole));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
