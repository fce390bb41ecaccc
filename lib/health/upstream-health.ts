import type { CheckOptions } from '../upstream/options/checks.ts';
import type { OutlierOptions } from '../upstream/options/outlier.ts';
import { failsOpen } from '../upstream/group-health.ts';
import { Barred, type Sighting } from '../upstream/server-health.ts';
import { hostOf, UNIX } from '../upstream/server-name.ts';
import { serverKey, type ServerSpec } from '../upstream/server-spec.ts';
import type { CheckMeans } from './make-check.ts';
import type { Known } from './remembered.ts';
import { Outliers, type Ejection } from './outliers.ts';
import type { CheckUser, SharedCheck, SharedChecks } from './shared-checks.ts';

/** What decides about the health of an upstream's servers. */
export interface HealthRules {
  /** Null: no checks. */
  readonly health: CheckOptions | null;
  /** Null: nobody is put out but by `max_fails`, which the workers see to. */
  readonly outlier: OutlierOptions | null;
  /** Percent of the servers: while fewer may be used, all are. */
  readonly failOpen: number;
  /** How long a server starts slowly, and is to be remembered as one that does; 0: not at all. */
  readonly slowStartMs: number;
}

/** Who is told of servers that are barred for other reasons than before. */
export interface UpstreamHealthOwner {
  onBarred(upstream: UpstreamHealth, member: Member, reason: string): void;
  /** The server has begun to start slowly. */
  onStarted(upstream: UpstreamHealth, member: Member): void;
  /** The server is no longer in the list. */
  onGone(upstream: UpstreamHealth, server: string): void;
  /** What a primary before this one knew of a server that is new to us, or null. */
  knownOf(upstream: UpstreamHealth, server: string): Known | null;
}

/** The health of one upstream's servers. A server that stays in the list keeps what is known of it, whatever else changes. */
export class UpstreamHealth {
  readonly name: string;
  readonly members = new Map<string, Member>();
  readonly #checks: SharedChecks;
  readonly #owner: UpstreamHealthOwner;
  #rules: HealthRules = { health: null, outlier: null, failOpen: 0, slowStartMs: 0 };
  #means: CheckMeans | null = null;
  #outliers: Outliers | null = null;

  constructor(name: string, checks: SharedChecks, owner: UpstreamHealthOwner) {
    this.name = name;
    this.#checks = checks;
    this.#owner = owner;
  }

  /** Nobody speaks of it. */
  get isEmpty(): boolean {
    const { health, outlier, slowStartMs } = this.#rules;
    return this.members.size === 0 && health === null && outlier === null && slowStartMs === 0;
  }

  /** Whether a new server is barred until its checks pass. */
  get barsNew(): boolean {
    return this.#rules.health?.initial === 'down';
  }

  /** How long after its start a server is no longer new. */
  get slowStartMs(): number {
    return this.#rules.slowStartMs;
  }

  get outliers(): Outliers | null {
    return this.#outliers;
  }

  setServers(specs: readonly ServerSpec[]): void {
    const gone = new Set(this.members.keys());
    const isFirst = gone.size === 0;
    for (const spec of specs) {
      const key = serverKey(spec);
      gone.delete(key);
      const member = this.members.get(key) ?? this.#newMember(key, spec, isFirst);
      // In the order of the document.
      this.members.delete(key);
      this.members.set(key, member);
      member.spec = spec;
      this.#check(member);
      this.settle(member, 'parameters');
    }
    for (const key of gone) this.#drop(key);
    const outliers = this.#outliers;
    if (outliers === null) return;
    outliers.keep([...this.members.keys()]);
    for (const member of this.members.values()) {
      resumeEjection(outliers, member);
      this.settle(member, 'still put out');
    }
  }

  setRules(rules: HealthRules, means: CheckMeans): void {
    this.#rules = rules;
    this.#means = means;
    this.#outliers = this.#outliersFor(rules.outlier);
    for (const member of this.members.values()) {
      if (this.#outliers === null) member.ejection = null;
      this.#check(member);
      this.settle(member, 'options');
    }
  }

  /** How many servers there are, and how many of them are left alone for which reason. */
  summary(now: number): Readonly<Record<string, number | boolean>> {
    let down = 0;
    let ejected = 0;
    let unchecked = 0;
    let barred = 0;
    let out = 0;
    for (const member of this.members.values()) {
      if (member.spec.down) out++;
      else if (member.barred !== 0) barred++;
      if ((member.barred & Barred.CHECKS) !== 0) down++;
      if ((member.barred & Barred.EJECTED) !== 0) ejected++;
      if ((member.barred & Barred.UNCHECKED) !== 0) unchecked++;
    }
    const all = this.members.size - out;
    return {
      servers: this.members.size,
      down,
      ejected,
      unchecked,
      spared: this.#outliers?.spared(now).length ?? 0,
      fail_open: failsOpen(all, barred, this.#rules.failOpen),
    };
  }

  /** A worker has seen a server at work. */
  saw({ server, good, failed, ...more }: Sighting, now: number): void {
    const member = this.members.get(server);
    if (member === undefined) return;
    member.check?.saw(good > 0, failed > 0);
    // For workers that are born later: those that live find out by themselves.
    if (more.started) this.#start(member);
    const ejection = this.#outliers?.see(server, { good, failed, ...more }, now) ?? null;
    if (ejection !== null) this.#eject(ejection);
    else if (more.barred) this.#owner.onBarred(this, member, 'a worker asks');
  }

  turn(now: number): void {
    // Nearly all of very many: not even an empty list for them.
    if (this.#outliers === null) return;
    for (const change of this.#outliers.turn(now)) this.#eject(change);
  }

  close(): void {
    this.setServers([]);
  }

  /** Has a member barred by what is known now, and tells if that is different. */
  settle(member: Member, reason: string): void {
    const barred = checksBar(member.check) | (member.ejection === null ? 0 : Barred.EJECTED);
    if (barred === member.barred) return;
    if (member.barred === 0) member.ejections++;
    member.barred = barred;
    if (barred === 0) this.#start(member);
    this.#owner.onBarred(this, member, reason);
  }

  #start(member: Member): void {
    if (this.#rules.slowStartMs > 0) this.#owner.onStarted(this, member);
  }

  #eject(change: Ejection): void {
    const member = this.members.get(change.server);
    if (member === undefined) return;
    member.ejection = change.untilMs === 0 ? null : change;
    this.settle(member, change.reason);
  }

  #check(member: Member): void {
    const { check: before, spec } = member;
    const { host, port } = spec;
    // What its document takes out is not checked.
    const options = spec.down ? null : this.#rules.health;
    const name = host.startsWith(UNIX) ? hostOf(host) : spec.name.replace(/:\d+$/, '');
    const place = { host, port, name };
    // Begun before the old one is released, so that one that stays the same lives on.
    member.check =
      options === null || this.#means === null ? null : this.#checks.use(member, options, place, this.#means);
    if (before !== null && before !== member.check) this.#checks.release(member, before);
    if (member.check?.riseFall.state !== 'unknown') return;
    const known = before?.riseFall ?? member.known?.checks ?? null;
    if (known !== null) member.check.riseFall.assume(known);
  }

  #outliersFor(options: OutlierOptions | null): Outliers | null {
    if (options === null) return null;
    const outliers = this.#outliers ?? new Outliers(options);
    outliers.options = options;
    outliers.keep([...this.members.keys()]);
    for (const member of this.members.values()) resumeEjection(outliers, member);
    return outliers;
  }

  /** Where all are new, none has to start slowly. */
  #newMember(key: string, spec: ServerSpec, isFirst: boolean): Member {
    const member = new Member(this, key, spec, this.barsNew ? Barred.UNCHECKED : 0);
    member.known = this.#owner.knownOf(this, key);
    if (member.known !== null) member.startedAt = member.known.startedAt;
    else if (!isFirst) this.#start(member);
    return member;
  }

  #drop(key: string): void {
    const member = this.members.get(key);
    if (member === undefined) return;
    this.members.delete(key);
    this.#owner.onGone(this, key);
    if (member.check !== null) this.#checks.release(member, member.check);
  }
}

/** Puts a server out again that the primary before had put out. */
function resumeEjection(outliers: Outliers, member: Member): void {
  const { known, key } = member;
  if (known?.ejection === undefined || known.ejection === null) return;
  member.known = { ...known, ejection: null };
  member.ejection = { server: key, ...known.ejection };
  outliers.resume(member.ejection);
}

function checksBar(check: SharedCheck | null): number {
  if (check === null || check.usable) return 0;
  return check.riseFall.state === 'unknown' ? Barred.UNCHECKED : Barred.CHECKS;
}

/** A server as far as its health goes. */
export class Member implements CheckUser {
  readonly upstream: UpstreamHealth;
  readonly key: string;
  spec: ServerSpec;
  check: SharedCheck | null = null;
  ejection: Ejection | null = null;
  /** When it came, or came back, among servers in use, in milliseconds since the epoch; 0: long ago. */
  startedAt = 0;
  /** What the primary before knew of it, as far as it has not come in useful yet. */
  known: Known | null = null;
  /** Sum of `Barred`: what the workers were told last. */
  barred: number;
  /** How often it was barred. */
  ejections = 0;

  constructor(upstream: UpstreamHealth, key: string, spec: ServerSpec, barred: number) {
    this.upstream = upstream;
    this.key = key;
    this.spec = spec;
    this.barred = barred;
  }

  onCheckTurned(check: SharedCheck): void {
    this.upstream.settle(this, check.riseFall.reason);
  }
}
