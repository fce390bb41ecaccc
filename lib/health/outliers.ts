import type { OutlierOptions } from '../upstream/options/outlier.ts';
import type { Sighting } from '../upstream/server-health.ts';

/** What a worker saw of one server since it last told. */
export type Seen = Pick<Sighting, 'good' | 'failed' | 'trailing' | 'latencyMs'>;

/** A server that is out now, or is in again (`untilMs` 0). */
export interface Ejection {
  readonly server: string;
  /** By the owner's clock. */
  readonly untilMs: number;
  readonly reason: string;
}

/**
 * One upstream's servers compared by what they did with real requests (as Envoy's outlier detection): those that fail in a row,
 * fail too often or are much slower than their peers are put out, each time for longer, never more than a share of them.
 *
 * It keeps no time of its own: `see` and `turn` are given the moment and answer what is different now.
 */
export class Outliers {
  options: OutlierOptions;
  readonly #members = new Map<string, Member>();
  #out = 0;

  constructor(options: OutlierOptions) {
    this.options = options;
  }

  /** The servers there are; what is known of those that stay, stays. */
  keep(servers: readonly string[]): void {
    const names = new Set(servers);
    for (const [name, { untilMs }] of this.#members) {
      if (names.has(name)) continue;
      this.#members.delete(name);
      if (untilMs !== 0) this.#out--;
    }
    for (const name of servers) if (!this.#members.has(name)) this.#members.set(name, newMember());
  }

  /** Takes sightings of a server; answers its ejection if that is what follows. */
  see(server: string, sighting: Seen, now: number): Ejection | null {
    const member = this.#members.get(server);
    if (member === undefined) return null;
    const { good, failed, trailing, latencyMs } = sighting;
    member.inARow = good > 0 ? trailing : member.inARow + trailing;
    this.#age(member, now);
    member.present.good += good;
    member.present.failed += failed;
    member.present.latencyMs += latencyMs;
    if (member.untilMs !== 0) return null;
    const { consecutive } = this.options;
    if (consecutive > 0 && member.inARow >= consecutive) return this.#eject(server, member, 'failures in a row', now);
    const rate = this.#failureRate(member);
    if (rate !== null) return this.#eject(server, member, `${rate} % failures`, now);
    return null;
  }

  /** A server is out already: another one has put it out. */
  resume({ server, untilMs }: Ejection): void {
    const member = this.#members.get(server);
    if (member === undefined || member.untilMs !== 0) return;
    this.#out++;
    member.untilMs = untilMs;
  }

  /** To be called about once a second: who has been out long enough, and who is much slower than the others. */
  turn(now: number): readonly Ejection[] {
    const changes: Ejection[] = [];
    for (const [server, member] of this.#members) {
      this.#age(member, now);
      if (member.untilMs !== 0 && now >= member.untilMs) changes.push(this.#admit(server, member, now));
    }
    if (this.options.slowFactor > 0) this.#compare(changes, now);
    return changes;
  }

  /** Number of servers that are out. */
  get out(): number {
    return this.#out;
  }

  /** Servers that were left in a moment ago, within the window, only because too many are out. */
  spared(now: number): readonly string[] {
    const since = now - this.options.windowMs;
    return [...this.#members].filter(([, { sparedAt }]) => sparedAt > since).map(([name]) => name);
  }

  /** How many may be out at once. */
  get most(): number {
    const { size } = this.#members;
    return size === 1 ? 0 : Math.max(1, Math.floor((size * this.options.maxShare) / 100));
  }

  #compare(changes: Ejection[], now: number): void {
    const timed: { server: string; member: Member; mean: number }[] = [];
    for (const [server, member] of this.#members) {
      const good = member.past.good + member.present.good;
      if (member.untilMs !== 0 || good < this.options.requests) continue;
      timed.push({ server, member, mean: (member.past.latencyMs + member.present.latencyMs) / good });
    }
    if (timed.length < MIN_PEERS) return;
    timed.sort((a, b) => a.mean - b.mean);
    // Of an even number the lower one: with few servers the slow one must not set the measure for itself.
    const median = timed[(timed.length - 1) >> 1]?.mean ?? 0;
    for (const { server, member, mean } of timed.toReversed()) {
      if (mean <= median * this.options.slowFactor || mean - median < this.options.slowMs) return;
      const change = this.#eject(server, member, `${Math.round(mean)} ms beside ${Math.round(median)} ms`, now);
      if (change !== null) changes.push(change);
    }
  }

  /** The share of failures in whole percent if it is too high. */
  #failureRate({ past, present }: Member): number | null {
    const { failureRate, requests } = this.options;
    const failed = past.failed + present.failed;
    const all = failed + past.good + present.good;
    if (failureRate === 0 || all < requests || all === 0) return null;
    const rate = Math.floor((failed * 100) / all);
    return rate >= failureRate ? rate : null;
  }

  #eject(server: string, member: Member, reason: string, now: number): Ejection | null {
    const { ejectMs, maxEjectMs } = this.options;
    if (this.#out >= this.most) {
      member.sparedAt = now;
      return null;
    }
    this.#out++;
    // Whoever stayed in for as long as it was out begins anew.
    if (now - member.admittedAt >= member.lastMs) member.times = 0;
    member.lastMs = Math.min(maxEjectMs, ejectMs * 2 ** Math.min(member.times, MAX_DOUBLINGS));
    member.times++;
    member.untilMs = now + member.lastMs;
    return { server, untilMs: member.untilMs, reason };
  }

  #admit(server: string, member: Member, now: number): Ejection {
    const { times, lastMs } = member;
    this.#out--;
    Object.assign(member, newMember(), { times, lastMs, admittedAt: now, turnedAt: now });
    return { server, untilMs: 0, reason: 'time is over' };
  }

  /** The window is two halves, of which one is past: what is counted is between half of it and all of it. */
  #age(member: Member, now: number): void {
    const half = this.options.windowMs / 2;
    if (now - member.turnedAt < half) return;
    member.past = now - member.turnedAt < 2 * half ? member.present : newCounts();
    member.present = newCounts();
    member.turnedAt = now;
  }
}

/** With fewer there is nobody to compare with. */
const MIN_PEERS = 3;
const MAX_DOUBLINGS = 30;

interface Counts {
  good: number;
  failed: number;
  latencyMs: number;
}

interface Member {
  past: Counts;
  present: Counts;
  /** When `present` began. */
  turnedAt: number;
  inARow: number;
  /** 0: not out. */
  untilMs: number;
  /** How often it was out, and for how long the last time. */
  times: number;
  lastMs: number;
  admittedAt: number;
  /** When it was to be put out and was not, because too many are. */
  sparedAt: number;
}

function newCounts(): Counts {
  return { good: 0, failed: 0, latencyMs: 0 };
}

function newMember(): Member {
  return {
    past: newCounts(),
    present: newCounts(),
    turnedAt: 0,
    inARow: 0,
    untilMs: 0,
    times: 0,
    lastMs: 0,
    admittedAt: -Infinity,
    sparedAt: -Infinity,
  };
}
