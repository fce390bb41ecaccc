import { defineMatcher } from '../lib/routing/matcher.ts';
import type { Test } from '../lib/routing/rule.ts';

interface Args {
  readonly from?: string;
  readonly to?: string;
  readonly weekdays?: readonly string[];
  readonly after?: string;
  readonly before?: string;
  readonly zone?: string;
}

/**
 * Asks for the time of day, the day of the week, or the date. What is given has to hold together; a window that ends before it begins
 * goes over midnight, and its weekday is the one on which it began.
 *
 *     {"type": "time", "args": {"from": "22:00", "to": "06:00", "weekdays": ["fri", "sat"], "zone": "Europe/Berlin",
 *                               "succ": "night", "fail": "day"}}
 *     {"type": "time", "args": {"after": "2026-12-24T18:00:00Z", "before": "2026-12-27T00:00:00Z", "succ": "closed", "fail": "open"}}
 */
export const time = defineMatcher<Args>({
  type: 'time',
  summary: 'Goes by the time.',
  args: {
    properties: {
      from: {
        type: 'string',
        pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
        description: 'time of day `HH:MM` from which on it holds',
      },
      to: {
        type: 'string',
        pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
        description: 'time of day `HH:MM` at which it holds no more',
      },
      weekdays: {
        type: 'array',
        items: { enum: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
        minItems: 1,
        description: 'days of the week on which it holds',
      },
      after: { type: 'string', description: 'moment from which on it holds (RFC 3339, with zone)' },
      before: { type: 'string', description: 'moment at which it holds no more (RFC 3339, with zone)' },
      zone: {
        type: 'string',
        default: 'UTC',
        description: 'time zone of `from`, `to` and `weekdays`, such as `Europe/Berlin`',
      },
    },
    dependentRequired: { from: ['to'], to: ['from'] },
    additionalProperties: false,
  },
  test: (args, { problem }) => timeTest(args, problem, Date.now),
});

/** `now`: milliseconds since the epoch. */
export function timeTest(args: Args, report: (at: string, msg: string) => void, now: () => number): Test {
  const { from, to, weekdays, zone = 'UTC' } = args;
  if (from === undefined && weekdays === undefined && args.after === undefined && args.before === undefined) {
    report('', 'needs from and to, weekdays, after or before');
  }
  const after = momentOf(args.after, '/after', report) ?? -Infinity;
  const before = momentOf(args.before, '/before', report) ?? Infinity;
  const calendar = new Calendar(zone, report);
  const [start, end] = [minutesOf(from ?? '00:00'), minutesOf(to ?? '24:00')];
  const days = weekdays === undefined ? null : new Set(weekdays);
  return () => {
    const ms = now();
    if (ms < after || ms >= before) return false;
    if (from === undefined && days === null) return true;
    const { minute, day, dayBefore } = calendar.at(ms);
    // The part of a window that lies behind midnight belongs to the day before.
    const isBehindMidnight = start > end && minute < end;
    const isInside = start <= end ? minute >= start && minute < end : minute >= start || isBehindMidnight;
    return isInside && (days === null || days.has(isBehindMidnight ? dayBefore : day));
  };
}

/** What a clock on the wall of a zone shows; worked out once a minute. */
class Calendar {
  #minuteMs = -1;
  #seen = { minute: 0, day: '', dayBefore: '' };
  #format: Intl.DateTimeFormat | null = null;

  constructor(zone: string, report: (at: string, msg: string) => void) {
    try {
      const parts = { hour: '2-digit', minute: '2-digit', weekday: 'short', hourCycle: 'h23' } as const;
      this.#format = new Intl.DateTimeFormat('en-US', { ...parts, timeZone: zone });
    } catch {
      report('/zone', 'is not a time zone such as Europe/Berlin');
    }
  }

  at(ms: number): { readonly minute: number; readonly day: string; readonly dayBefore: string } {
    const minuteMs = Math.floor(ms / MINUTE_MS);
    if (minuteMs !== this.#minuteMs && this.#format !== null) {
      this.#minuteMs = minuteMs;
      const parts = new Map(this.#format.formatToParts(ms).map(({ type, value }) => [type, value]));
      const day = (parts.get('weekday') ?? '').toLowerCase();
      const dayBefore = WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7] ?? '';
      this.#seen = { minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')), day, dayBefore };
    }
    return this.#seen;
  }
}

function momentOf(text: string | undefined, at: string, report: (at: string, msg: string) => void): number | null {
  if (text === undefined) return null;
  const ms = MOMENT.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  report(at, 'is not a moment such as 2026-12-24T18:00:00Z');
  return null;
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

const MINUTE_MS = 60_000;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
