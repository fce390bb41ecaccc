import type { ServerWork } from '../core/upstream-work.ts';
import { Barred } from '../upstream/server-health.ts';
import type { Member } from './upstream-health.ts';

/** What the workers say of a server's state, the worst of them. */
export interface SeenState {
  /** For how long one of them leaves it alone for its failures, in milliseconds; 0: none does. */
  readonly outMs: number;
  /** The least part of its share that one of them gives it, and until when that lasts. */
  readonly part: number;
  readonly warmMs: number;
}

export type ServerState = Pick<ServerWork, 'state' | 'reason' | 'since' | 'until'>;

/** In which state a server is, and why: what says most against it comes first. `now`: milliseconds since the epoch. */
export function serverState({ spec, barred, check, ejection }: Member, seen: SeenState, now: number): ServerState {
  const { reason, since } = check?.riseFall ?? { reason: 'not checked', since: 0 };
  const checkedSince = since === 0 ? null : isoTime(since);
  if (spec.down) return { state: 'down', reason: 'parameters', since: null, until: null };
  if ((barred & (Barred.CHECKS | Barred.UNCHECKED)) !== 0)
    return { state: 'down', reason, since: checkedSince, until: null };
  if ((barred & Barred.EJECTED) !== 0) {
    const until = ejection === null ? null : isoTime(ejection.untilMs);
    return { state: 'ejected', reason: ejection?.reason ?? 'outlier', since: null, until };
  }
  if (seen.outMs > 0) return { state: 'ejected', reason: 'max_fails', since: null, until: isoTime(now + seen.outMs) };
  if (spec.drain || spec.weight === 0)
    return { state: 'draining', reason: spec.drain ? 'drain' : 'weight=0', since: null, until: null };
  if (seen.part < 1) {
    const part = `${Math.round(seen.part * 100)} % of its share`;
    return { state: 'slow-start', reason: part, since: null, until: isoTime(now + seen.warmMs) };
  }
  return { state: 'up', reason, since: checkedSince, until: null };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
