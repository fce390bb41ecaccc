import type { Section } from '../core/handover.ts';
import type { Log } from '../core/log.ts';
import { Deadline, type DeadlineOwner, type Wheel } from '../core/wheel.ts';
import type { HealthChange, ServerStart, Sighting } from '../upstream/server-health.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import { KeptLines } from './check.ts';
import { Checker } from './checker.ts';
import type { CheckMeans } from './make-check.ts';
import { Remembered } from './remembered.ts';
import type { Known } from './remembered.ts';
import { SharedChecks } from './shared-checks.ts';
import { UpstreamHealth, type Member, type HealthRules, type UpstreamHealthOwner } from './upstream-health.ts';

export interface HealthConfig {
  readonly wheel: Wheel;
  /** Milliseconds since the epoch; never goes back. */
  readonly clock: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** Directory of the commands that checks may run; null: none. */
  readonly commands: string | null;
  /** Most connections that checks may keep. */
  readonly maxKept: number;
  /** Tells every worker; what happens in one turn is told at once. */
  readonly tell: (changes: readonly HealthChange[]) => void;
  /** What the primary before knew, and what the next one is to know. */
  readonly handover?: Section;
}

/**
 * The health of every server of the instance, kept in the primary: what active checks find, and what is decided on all workers'
 * word. Workers are told who is barred; a worker that starts later is told all of it.
 *
 *     documents --------> upstreams and their servers --> checks --> up, down
 *     workers' sightings -> outliers ------------------------------> ejected     --> workers
 */
export class Health implements UpstreamHealthOwner, DeadlineOwner {
  readonly #config: HealthConfig;
  readonly #checker: Checker;
  /** Each of these is a process. */
  readonly #commandChecker: Checker;
  readonly #checks: SharedChecks;
  readonly #kept: KeptLines;
  readonly #remembered: Remembered;
  readonly #upstreams = new Map<string, UpstreamHealth>();
  /** Changes of this turn that the workers have not been told yet. */
  #changes: HealthChange[] = [];
  readonly #turn: Deadline;

  constructor(config: HealthConfig) {
    const { wheel, random, clock } = config;
    this.#config = config;
    this.#checker = new Checker({ wheel, random, most: MOST_CHECKS });
    this.#commandChecker = new Checker({ wheel, random, most: MOST_COMMANDS });
    this.#checks = new SharedChecks((kind) => (kind === 'command' ? this.#commandChecker : this.#checker), clock);
    this.#kept = new KeptLines(config.maxKept);
    this.#remembered = new Remembered(config.handover ?? null);
    this.#turn = new Deadline(wheel, this);
    this.#turn.set(TURN_MS);
  }

  /** The servers of an upstream; null: it is gone. */
  setServers(name: string, specs: readonly ServerSpec[] | null): void {
    const upstream = this.#upstream(name);
    upstream.setServers(specs ?? []);
    if (upstream.isEmpty) this.#upstreams.delete(name);
  }

  /** What decides about an upstream's servers. It stays until it is said anew, also while the upstream has no servers. */
  setRules(name: string, rules: HealthRules, means: Pick<CheckMeans, 'secure' | 'tls' | 'greeting' | 'via'>): void {
    const upstream = this.#upstream(name);
    const { glances } = this.#checker;
    upstream.setRules(rules, { ...means, commands: this.#config.commands, kept: this.#kept, glances });
    if (upstream.isEmpty) this.#upstreams.delete(name);
  }

  /** What a worker has seen. */
  saw(sightings: readonly Sighting[]): void {
    const now = this.#config.clock();
    for (const sighting of sightings) this.#upstreams.get(sighting.upstream)?.saw(sighting, now);
  }

  /** All that a worker has to know that knows nothing but the table. */
  whole(): readonly HealthChange[] {
    const all: HealthChange[] = [];
    for (const upstream of this.#upstreams.values()) {
      for (const member of upstream.members.values()) {
        if (member.barred !== 0 || upstream.barsNew) all.push(changeOf(upstream, member));
      }
    }
    return all;
  }

  /** Servers that start slowly at this time. */
  starting(): readonly ServerStart[] {
    const now = this.#config.clock();
    const starting: ServerStart[] = [];
    for (const { name, slowStartMs, members } of this.#upstreams.values()) {
      if (slowStartMs === 0) continue;
      for (const { key, startedAt } of members.values()) {
        const agoMs = now - startedAt;
        if (agoMs < slowStartMs) starting.push({ upstream: name, server: key, agoMs });
      }
    }
    return starting;
  }

  stop(): void {
    this.#remembered.close();
    this.#turn.dispose();
    for (const upstream of this.#upstreams.values()) upstream.close();
    this.#upstreams.clear();
  }

  get upstreams(): ReadonlyMap<string, UpstreamHealth> {
    return this.#upstreams;
  }

  /** For the status: addresses that are checked, and how the checking keeps up. */
  get checking(): CheckingView {
    const checkers = [this.#checker, this.#commandChecker];
    return {
      addresses: this.#checks.size,
      running: checkers.reduce((sum, { running }) => sum + running, 0),
      waiting: checkers.reduce((sum, { waiting }) => sum + waiting, 0),
      made: checkers.reduce((sum, { made }) => sum + made, 0),
    };
  }

  onBarred(upstream: UpstreamHealth, member: Member, reason: string): void {
    const { log } = this.#config;
    const server = member.spec.name;
    if (member.barred === 0) log.info({ upstream: upstream.name, server, reason }, 'server is used again');
    else log.warn({ upstream: upstream.name, server, reason }, 'server is left alone');
    if (this.#changes.length === 0) queueMicrotask(() => this.#flush());
    this.#changes.push(changeOf(upstream, member));
    this.#remember(upstream, member);
  }

  onStarted(upstream: UpstreamHealth, member: Member): void {
    member.startedAt = this.#config.clock();
    this.#remember(upstream, member);
  }

  onGone(upstream: UpstreamHealth, server: string): void {
    this.#remembered.keep(upstream.name, server, null);
  }

  knownOf(upstream: UpstreamHealth, server: string): Known | null {
    return this.#remembered.of(upstream.name, server);
  }

  onDeadline(): void {
    const now = this.#config.clock();
    for (const upstream of this.#upstreams.values()) upstream.turn(now);
    this.#turn.set(TURN_MS);
  }

  #remember(upstream: UpstreamHealth, { key, check, ejection, barred, startedAt }: Member): void {
    const { state = 'unknown', reason = '', since = 0 } = check?.riseFall ?? {};
    const checks = state === 'unknown' ? null : { state, reason, since };
    // That it may be used is what the next primary would take for granted, unless it has to be checked first.
    const isNew = this.#config.clock() - startedAt < upstream.slowStartMs;
    const isPlain = barred === 0 && !isNew && (checks === null || !upstream.barsNew);
    this.#remembered.keep(upstream.name, key, isPlain ? null : { checks, ejection, startedAt });
  }

  #upstream(name: string): UpstreamHealth {
    let upstream = this.#upstreams.get(name);
    if (upstream === undefined) {
      upstream = new UpstreamHealth(name, this.#checks, this);
      this.#upstreams.set(name, upstream);
    }
    return upstream;
  }

  #flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#config.tell(changes);
  }
}

/** How the checking goes. */
export interface CheckingView {
  readonly addresses: number;
  /** Checks under way, and those that are due and wait for one of them to end. */
  readonly running: number;
  readonly waiting: number;
  /** Since the beginning. */
  readonly made: number;
}

/** Checks under way at once: what does not answer must not keep the others waiting. */
const MOST_CHECKS = 4096;
const MOST_COMMANDS = 32;

/** How often ejections that are over are looked for. */
const TURN_MS = 1000;

function changeOf({ name }: UpstreamHealth, { key, barred }: Member): HealthChange {
  return { upstream: name, server: key, barred };
}
