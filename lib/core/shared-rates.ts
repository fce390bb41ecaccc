import type { Rate, RateVerdict } from './rate-table.ts';

/** One attempt at something that several processes count together. Plain data. */
export interface RateQuestion {
  /** What is counted: nodes with the same one share their counts. */
  readonly limit: string;
  readonly value: string;
  readonly rate: Rate;
}

/** Where processes count together: the workers of an instance, or all instances. */
export interface SharedRates {
  /** Null: nobody can say. */
  take(question: RateQuestion): Promise<RateVerdict | null>;
}
