import { monotonicMs } from '../core/clock.ts';
import { RateTable, type RateVerdict } from '../core/rate-table.ts';
import type { RateQuestion } from '../core/shared-rates.ts';

/** What the workers of an instance count together, in their primary. */
export class InstanceRates {
  readonly #table = new RateTable();

  take({ limit, value, rate }: RateQuestion): RateVerdict {
    return this.#table.take(`${limit} ${value}`, rate, monotonicMs());
  }
}
