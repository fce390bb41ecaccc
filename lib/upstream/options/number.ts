import type { OptionSchema } from './section.ts';

/** Schema of an option that is a whole number. */
export function countOption(fallback: number, description: string, min = 1, max = 1_000_000): OptionSchema {
  return { type: 'integer', minimum: min, maximum: max, default: fallback, description };
}

/** Schema of an option that is a whole percentage. */
export function percentOption(fallback: number, description: string, min = 0): OptionSchema {
  return countOption(fallback, description, min, 100);
}
