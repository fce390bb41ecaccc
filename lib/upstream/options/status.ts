import type { OptionSchema } from './section.ts';
import type { StatusRange } from './checks.ts';

/** Schema of an option that is a list of statuses and ranges of them; `read` it with `statusRanges`. */
export function statusesOption(fallback: readonly string[], description: string): OptionSchema {
  return {
    type: 'array',
    title: 'a list of statuses and ranges such as 503 and 200-299',
    items: { type: 'string', pattern: '^[1-5]\\d\\d(-[1-5]\\d\\d)?$', title: 'a status or a range such as 200-299' },
    default: fallback,
    description,
  };
}

/** Of a list that `statusesOption` accepts. */
export function statusRanges(texts: readonly string[]): StatusRange[] {
  return texts.map((text) => {
    const [from = '', to = from] = text.split('-');
    return { from: Number(from), to: Number(to) };
  });
}

export function statusSet(texts: readonly string[]): Set<number> {
  const ranges = statusRanges(texts);
  return new Set(ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));
}
