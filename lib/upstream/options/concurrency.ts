import { countOption } from './number.ts';
import { defineSection } from './section.ts';

export interface ConcurrencyOptions {
  /** Most requests at once, in all workers together; 0: unbounded. */
  readonly max: number;
}

export const concurrency = defineSection({
  summary:
    'How many requests an upstream may have at once, whatever its servers may have. What is beyond that is answered 503.',
  properties: {
    max: countOption(0, 'most requests at once; each worker has an equal share of it, rounded up; 0: unbounded', 0),
  },
  read: ({ max }: ConcurrencyOptions): ConcurrencyOptions => ({ max }),
});
