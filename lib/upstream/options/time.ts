import { parseTime } from '../time.ts';
import type { OptionSchema } from './section.ts';

/** Schema of an option that is a time in nginx's notation; `read` it with `milliseconds`. */
export function timeOption(fallback: string, description: string): OptionSchema {
  return {
    type: 'string',
    title: 'a time such as 500ms, 10s or 1m30s',
    pattern: PATTERN,
    default: fallback,
    description,
  };
}

/** As `timeOption`, for one that has no value of its own: null then. */
export function optionalTime(description: string): OptionSchema {
  return {
    type: ['string', 'null'],
    title: 'a time such as 500ms, 10s or 1m30s, or null',
    pattern: PATTERN,
    default: null,
    description,
  };
}

/** Whether it is a time longer than any timer can hold, some 24 days, which no pattern can say. */
export function isTooLong({ pattern }: OptionSchema, value: unknown): boolean {
  return pattern === PATTERN && typeof value === 'string' && parseTime(value) === null;
}

/** Of a text that `timeOption` accepts. */
export function milliseconds(text: string): number {
  return parseTime(text) ?? 0;
}

const PATTERN = '^(?=\\d)(\\d{1,4}d)?(\\d{1,5}h)?(\\d{1,6}m)?(\\d{1,7}s)?(\\d{1,9}ms)?$';
