import { defineSection } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

/** How a server is chosen among those that can be used. */
export const ALGORITHMS = ['round-robin'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface BalanceOptions {
  readonly algorithm: Algorithm;
  /** 0: none. */
  readonly slowStartMs: number;
}

interface Document {
  readonly algorithm: Algorithm;
  readonly slow_start: string;
}

export const balance = defineSection({
  summary: 'How a server is chosen.',
  properties: {
    algorithm: {
      enum: ALGORITHMS,
      default: 'round-robin',
      description: 'how a server is chosen among those that can be used',
    },
    slow_start: timeOption('0s', 'how long the share of a server that has come, or come back, grows to its full size'),
  },
  read: ({ algorithm, slow_start }: Document): BalanceOptions => ({ algorithm, slowStartMs: milliseconds(slow_start) }),
});
