import type { Section } from '../core/handover.ts';

/** What is known of a server, as one primary leaves it to the next. */
export interface Known {
  /** What its checks amount to; null: it has none, or they have not said yet. */
  readonly checks: { readonly state: 'up' | 'down'; readonly reason: string; readonly since: number } | null;
  /** Until when it is put out, in milliseconds since the epoch, and why; null: it is not. */
  readonly ejection: { readonly untilMs: number; readonly reason: string } | null;
  /** Since when it starts slowly, in milliseconds since the epoch; 0: it does not. */
  readonly startedAt: number;
}

/**
 * The health of servers on its way from one primary to the next. Without it a server that is known to be down would get requests
 * again after an upgrade, and one that has to be checked first none, until its checks have said so anew.
 */
export class Remembered {
  readonly #section: Section | null;
  #isClosed = false;

  constructor(section: Section | null) {
    this.#section = section;
  }

  /** What the primary before knew of a server; null: nothing, or nothing that can be used. */
  of(upstream: string, server: string): Known | null {
    return knownOf(this.#section?.entries.get(keyOf(upstream, server)));
  }

  /** null: nothing that the next primary could not find out by itself. */
  keep(upstream: string, server: string, known: Known | null): void {
    if (!this.#isClosed) void this.#section?.keep(keyOf(upstream, server), known);
  }

  /** From now on it is the next primary's. */
  close(): void {
    this.#isClosed = true;
  }
}

function keyOf(upstream: string, server: string): string {
  return JSON.stringify([upstream, server]);
}

/** It may have been another version that has written it. */
function knownOf(raw: unknown): Known | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { checks, ejection, startedAt } = raw as Partial<Record<keyof Known, unknown>>; // each is looked at
  return {
    checks: checksOf(checks),
    ejection: ejectionOf(ejection),
    startedAt: typeof startedAt === 'number' ? startedAt : 0,
  };
}

function checksOf(raw: unknown): Known['checks'] {
  if (typeof raw !== 'object' || raw === null) return null;
  const { state, reason, since } = raw as Partial<Record<'state' | 'reason' | 'since', unknown>>; // each is checked
  if ((state !== 'up' && state !== 'down') || typeof reason !== 'string' || typeof since !== 'number') return null;
  return { state, reason, since };
}

function ejectionOf(raw: unknown): Known['ejection'] {
  if (typeof raw !== 'object' || raw === null) return null;
  const { untilMs, reason } = raw as Partial<Record<'untilMs' | 'reason', unknown>>; // each is checked
  return typeof untilMs === 'number' && typeof reason === 'string' ? { untilMs, reason } : null;
}
