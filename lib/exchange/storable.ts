import { directivesOf, secondsOf, type Directives } from '../http/cache-control.ts';
import { readDate } from '../http/read-date.ts';
import type { KnownReply } from '../routing/late-text.ts';
import type { CacheOptions } from '../upstream/options/cache.ts';
import type { SentFields } from './sent-fields.ts';

/** How a reply may be kept. */
export interface StoringTerms {
  /** How old it is already, and how long it is fresh from then on. */
  readonly ageMs: number;
  readonly freshMs: number;
  /** It may answer requests by which the server knows the client. */
  readonly isShared: boolean;
  /** It says itself how long it is fresh. */
  readonly isTold: boolean;
  /** By which a server can be asked whether it still holds. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Fields of the request that it depends on, and what they say. */
  readonly vary: readonly (readonly [lowerName: string, value: string | null])[];
}

/**
 * Whether and how a reply may be kept for others (RFC 9111 3, 3.5, 4.2), as a server has given it; null: not at all. What is not certain is not
 * kept: a reply with a cookie, one for a client that the server knows unless it says that it is for all, one to a request with a cookie
 * unless it says how long it is fresh. What is not fresh at all is kept where its server can be asked whether it still holds. `delayMs`:
 * since the request was sent.
 */
export function storingTerms(
  reply: KnownReply,
  fields: SentFields,
  { isIdentified, delayMs, nowMs }: { isIdentified: boolean; delayMs: number; nowMs: number },
  { statuses, expirationMs }: CacheOptions,
): StoringTerms | null {
  if (!statuses.has(reply.status) || reply.get('set-cookie') !== null || reply.get('content-range') !== null)
    return null;
  // Events are for whoever listens when they happen.
  if (reply.get('content-type')?.toLowerCase().startsWith('text/event-stream') === true) return null;
  const directives = directivesOf(reply.get('cache-control'));
  if (FORBIDDING.some((name) => directives.has(name))) return null;
  const isShared = SHARING.some((name) => directives.has(name));
  if (isIdentified && !isShared) return null;
  const vary = varyOf(reply, fields);
  if (vary === null) return null;
  const toldMs = directives.has('no-cache') ? 0 : toldFreshness(reply, directives);
  if (toldMs === null && (expirationMs === 0 || fields.get('cookie') !== null)) return null;
  const ageMs = ageOf(reply, delayMs, nowMs);
  const freshMs = (toldMs ?? expirationMs) - ageMs;
  const etag = reply.status === 200 ? entityTag(reply.get('etag')) : null;
  const modified = reply.status === 200 ? reply.get('last-modified') : null;
  const lastModified = readDate(modified) === null ? null : modified;
  if (freshMs <= 0 && etag === null && lastModified === null) return null;
  return { ageMs, freshMs, isShared, isTold: toldMs !== null, etag, lastModified, vary };
}

/** Null for what is none (RFC 9110 8.8.3): servers would read it in their own ways. */
function entityTag(field: string | null): string | null {
  return field !== null && /^(?:W\/)?"[^"]*"$/.test(field) ? field : null;
}

const FORBIDDING = ['no-store', 'private'];
/** What says that a reply is for others, too (RFC 9111 3.5). */
const SHARING = ['public', 's-maxage', 'must-revalidate'];

/** RFC 9111 4.2.1; null: the reply says nothing of it. */
function toldFreshness(reply: KnownReply, directives: Directives): number | null {
  const seconds = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  if (seconds !== null) return seconds * 1000;
  const expires = reply.get('expires');
  if (expires === null) return null;
  const at = readDate(expires);
  // What is no date is one in the past (5.3).
  return at === null ? 0 : Math.max(0, at - (readDate(reply.get('date')) ?? Date.now()));
}

/** RFC 9111 4.2.3. */
function ageOf(reply: KnownReply, delayMs: number, nowMs: number): number {
  const date = readDate(reply.get('date'));
  const apparentMs = date === null ? 0 : Math.max(0, nowMs - date);
  // Of several the first counts (5.1).
  const age = reply.get('age')?.split(',', 1)[0]?.trim() ?? '';
  const toldMs = /^\d+$/.test(age) ? Math.min(Number(age), MOST_AGE_S) * 1000 : 0;
  // Clocks tell whole seconds: a reply that is made now is not one second old.
  return Math.max(apparentMs < CLOCK_MS ? 0 : apparentMs, toldMs + delayMs);
}

/** Null: it depends on what cannot be told beforehand. */
function varyOf(reply: KnownReply, fields: SentFields): StoringTerms['vary'] | null {
  const listed = reply.get('vary')?.split(',') ?? [];
  const names = new Set(listed.map((name) => name.trim().toLowerCase()));
  names.delete('');
  // A coding is something that was agreed on, whether the server says so or not.
  if (reply.get('content-encoding') !== null) names.add('accept-encoding');
  if (names.size > MOST_NAMES) return null;
  for (const name of names) if (name === '*' || isOwn(name)) return null;
  return [...names].toSorted().map((name) => [name, fields.get(name)] as const);
}

/** A field that ELB sets by itself, for each client or each request another one. */
function isOwn(name: string): boolean {
  return OWN.has(name) || name.startsWith('x-b3-');
}

const OWN: ReadonlySet<string> = new Set([
  'b3',
  'forwarded',
  'remote-host',
  'traceparent',
  'tracestate',
  'x-forwarded-for',
  'x-real-ip',
  'x-request-id',
]);
const MOST_NAMES = 16;
const CLOCK_MS = 2000;
/** RFC 9111 1.2.2. */
const MOST_AGE_S = 2 ** 31;
