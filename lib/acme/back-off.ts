/** What is remembered of orders, by all instances. */
export interface OrderRecord {
  /** By domain: those whose last order failed. */
  readonly failures: Readonly<Record<string, Failure>>;
  /** When orders were begun of late, in milliseconds since the epoch. */
  readonly begun: readonly number[];
}

export interface Failure {
  readonly count: number;
  /** In milliseconds since the epoch. */
  readonly nextAt: number;
  readonly reason: string;
}

export const NO_ORDERS: OrderRecord = { failures: {}, begun: [] };

/** A failure more: twice the time of the last one, from five minutes to a day, give or take a quarter. */
export function afterFailure(
  record: OrderRecord,
  domain: string,
  reason: string,
  now: number,
  random: number,
): OrderRecord {
  const count = (Object.hasOwn(record.failures, domain) ? (record.failures[domain]?.count ?? 0) : 0) + 1;
  const waitMs = Math.min(FIRST_MS * 2 ** Math.min(count - 1, 20), LONGEST_MS) * (0.75 + random / 2);
  const failure = { count, nextAt: now + waitMs, reason: reason.slice(0, MAX_REASON) };
  return { ...record, failures: Object.fromEntries([...others(record, domain), [domain, failure]]) };
}

export function afterSuccess(record: OrderRecord, domain: string): OrderRecord {
  return { ...record, failures: Object.fromEntries(others(record, domain)) };
}

/** With one order more that begins now; null: there were as many as there may be in an hour. */
export function withOrder(record: OrderRecord, now: number, perHour: number): OrderRecord | null {
  const begun = record.begun.filter((at) => at > now - HOUR_MS && at <= now);
  return begun.length >= perHour ? null : { ...record, begun: [...begun, now] };
}

function others({ failures }: OrderRecord, domain: string): readonly (readonly [string, Failure])[] {
  return Object.entries(failures).filter(([name]) => name !== domain);
}

const HOUR_MS = 3_600_000;
const FIRST_MS = 5 * 60_000;
const LONGEST_MS = 24 * HOUR_MS;
const MAX_REASON = 1000;
