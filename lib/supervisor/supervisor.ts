import { CrashLoop } from '../core/crash-loop.ts';
import type { Log } from '../core/log.ts';
import type { ListenAddress, ListenerView } from '../core/listener.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Carrier } from '../net/carrier.ts';
import { Estate } from './estate.ts';
import type { PrimaryLink, StartPrimary } from './link.ts';
import { PROTOCOL } from './messages.ts';
import type { FromSupervisor, History, Kept, ToSupervisor } from './messages.ts';

export interface SupervisorOptions {
  readonly startPrimary: StartPrimary;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly directory: string;
  /** Addresses: those bound at the moment, in the order of the primary's sockets, and all that are asked for. */
  readonly listen: () => readonly ListenAddress[];
  readonly listeners: () => readonly ListenerView[];
  /** Closes the supervisor's own descriptors of the listening sockets. */
  readonly closeListeners: () => void;
  /** Bound of a drain, which the primary and its workers keep themselves. */
  readonly drainMs: number;
  /** How long a new program may take until it could serve. */
  readonly upgradeMs: number;
  /** Told of what a process above may want to know. */
  readonly onState: (state: SupervisorState) => void;
}

/** `serving` is told again after an upgrade, whatever came of it. */
export type SupervisorState = 'serving' | 'upgrading' | 'draining';

/**
 * The process that was started: holds the listening sockets and what primaries leave to each other, and keeps one primary running.
 * It speaks to no client, no store and no server, so that there is little it could die of.
 *
 * ```
 *              serve            drain
 *   starting --------> serving --------> leaving --> gone
 *      |                  |
 *      +------ ends ------+---> workers go on until another primary serves, then drain
 * ```
 *
 * A primary that ends by itself is replaced; at an upgrade a second one is started beside the first. Either way the next one first
 * learns everything, then lets its workers listen, and only then the former workers drain: there is no moment at which nobody
 * accepts. One that does not get that far changes nothing.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #estate = new Estate();
  readonly #generations = new Set<Generation>();
  readonly #crashes = new CrashLoop();
  readonly #ended = Promise.withResolvers<number>();
  /** The one that serves, dead or alive; null before the first. */
  #current: Generation | null = null;
  /** The one that is to serve next. */
  #next: Generation | null = null;
  #count = 0;
  #isEnding = false;
  #cancelRestart: (() => void) | null = null;
  #history: History;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const startedAt = options.scheduler.now();
    this.#history = { startedAt, crashes: 0, lastCrash: null, upgrades: 0, lastUpgrade: null };
  }

  /** Resolves with the program's exit code, when nothing of it is left. */
  run(): Promise<number> {
    this.#start('first');
    return this.#ended.promise;
  }

  /** Lets a new program take over. Nothing changes if it does not get ready. */
  upgrade(): void {
    const { log } = this.#options;
    if (this.#isEnding || this.#current === null || this.#next !== null || this.#cancelRestart !== null) {
      log.warn('cannot be upgraded now: a program is just starting or ending');
      return;
    }
    log.info('upgrading');
    this.#options.onState('upgrading');
    this.#start('upgrade');
  }

  reread(): void {
    for (const { link } of this.#generations) link.send({ kind: 'reread' });
  }

  /** Tells whoever serves, or is to serve next, of listening sockets. One that starts later is given them. */
  tell(message: FromSupervisor & { readonly kind: 'listen' | 'unlisten' | 'listeners' }, carrier?: Carrier): void {
    for (const { link, state, isAlive } of this.#generations)
      if (isAlive && state !== 'leaving') link.send(message, carrier);
  }

  /** Finishes what is under way, then ends. */
  drain(): void {
    if (this.#isEnding) return;
    const { closeListeners, scheduler, drainMs, log, onState } = this.#options;
    this.#isEnding = true;
    log.info('draining');
    onState('draining');
    this.#cancelRestart?.();
    // Nobody knows it yet.
    if (this.#current !== null) this.#next?.link.kill();
    // Before the workers do: whoever closes a socket last resets what its queue holds, and they look into it first.
    closeListeners();
    for (const generation of this.#generations) this.#leave(generation, false);
    scheduler.after(drainMs + GRACE_MS, () => this.kill(0));
    this.#settle();
  }

  /** Ends everything at once. */
  kill(code = 1): void {
    this.#isEnding = true;
    for (const { link, workers } of this.#generations) {
      link.kill();
      for (const pid of workers) killProcess(pid);
    }
    this.#ended.resolve(code);
  }

  #start(purpose: Generation['purpose']): void {
    const { startPrimary, scheduler, directory, listen, listeners, upgradeMs } = this.#options;
    const link = startPrimary({
      onMessage: (message) => this.#onMessage(generation, message),
      onExit: (reason, code) => this.#onExit(generation, reason, code),
      onGone: () => this.#onGone(generation),
    });
    const generation: Generation = {
      number: ++this.#count,
      link,
      purpose,
      state: 'starting',
      isAlive: true,
      isGone: false,
      bornAt: scheduler.now(),
      workers: [],
      trouble: null,
      hasSaidWhy: false,
      cancelBound: null,
    };
    this.#generations.add(generation);
    this.#next = generation;
    // One that replaces another may have to wait for its store, but not to begin.
    const mostMs = purpose === 'upgrade' ? upgradeMs : BEGIN_MS;
    generation.cancelBound = scheduler.after(mostMs, () => {
      generation.trouble = `not ready after ${String(mostMs / 1000)} s`;
      link.kill();
    });
    link.send({
      kind: 'begin',
      protocol: PROTOCOL,
      generation: generation.number,
      directory,
      listen: listen(),
      listeners: listeners(),
      succeeds: purpose !== 'first',
      kept: this.#estate.all(),
      history: this.#history,
    });
  }

  #onMessage(generation: Generation, message: ToSupervisor): void {
    switch (message.kind) {
      case 'begun':
        // An upgrade is bounded as a whole.
        if (generation.purpose !== 'upgrade') generation.cancelBound?.();
        break;
      case 'prepared':
        if (generation.state === 'starting') generation.link.send({ kind: 'serve' });
        break;
      case 'serving':
        this.#serves(generation);
        break;
      case 'keep':
        this.#keep(generation, message.kept);
        break;
      case 'workers':
        generation.workers = message.pids;
        break;
      case 'failed':
        generation.trouble ??= message.message;
        generation.hasSaidWhy = true;
        break;
    }
  }

  /** Whoever served before drains now. */
  #serves(generation: Generation): void {
    if (generation.state !== 'starting') return;
    const { log, onState } = this.#options;
    generation.cancelBound?.();
    generation.state = 'serving';
    this.#current = generation;
    this.#next = null;
    for (const other of this.#generations) if (other !== generation) this.#leave(other, true);
    log.info({ primary: generation.link.pid, generation: generation.number }, 'serving');
    if (generation.purpose === 'upgrade') this.#upgraded(null);
    else onState('serving');
  }

  /** What a primary that leaves keeps is news for the one that serves. */
  #keep(generation: Generation, kept: Kept): void {
    this.#estate.keep(kept);
    for (const other of this.#generations) {
      if (other.number > generation.number) other.link.send({ kind: 'kept', kept });
    }
  }

  #onExit(generation: Generation, reason: string, code: number | null): void {
    generation.isAlive = false;
    generation.cancelBound?.();
    const why = generation.trouble ?? reason;
    if (this.#isEnding || generation.state === 'leaving') generation.link.release();
    else if (generation === this.#next) this.#failed(generation, why, code);
    else this.#crashed(generation, why);
    this.#settle();
  }

  /** It ended before it served. */
  #failed(generation: Generation, reason: string, code: number | null): void {
    this.#next = null;
    generation.state = 'leaving';
    generation.link.release();
    if (this.#current === null) {
      this.#isEnding = true;
      if (!generation.hasSaidWhy) this.#options.log.error({ reason }, 'ended before it served');
      this.#ended.resolve(code === null || code === 0 ? 1 : code);
      return;
    }
    if (generation.purpose === 'upgrade') this.#upgraded(reason);
    else this.#options.log.error({ primary: generation.link.pid, reason }, 'a new primary ended before it served');
    if (!this.#current.isAlive) this.#restart(generation);
  }

  /** It ended while it served: its workers go on. */
  #crashed(generation: Generation, reason: string): void {
    const { log, scheduler } = this.#options;
    log.error({ primary: generation.link.pid, reason }, 'the primary ended: its workers serve until there is another');
    this.#remember({
      ...this.#history,
      crashes: this.#history.crashes + 1,
      lastCrash: { at: scheduler.now(), reason },
    });
    // Where an upgrade is under way, the new program takes its place.
    if (this.#next === null) this.#restart(generation);
  }

  /** At once; more and more slowly while primaries keep ending soon after their start. */
  #restart(after: Generation): void {
    const { scheduler, log } = this.#options;
    const waitMs = this.#crashes.ended(scheduler.now() - after.bornAt);
    if (waitMs > 0) log.error({ ends: this.#crashes.length, waitMs }, 'primaries keep ending soon after their start');
    this.#cancelRestart = scheduler.after(waitMs, () => {
      this.#cancelRestart = null;
      this.#start('replacement');
    });
  }

  #upgraded(reason: string | null): void {
    const { log, scheduler, onState } = this.#options;
    if (reason === null) log.info({ primary: this.#current?.link.pid }, 'upgraded');
    else log.error({ reason }, 'the upgrade failed: the former program goes on');
    const { upgrades } = this.#history;
    this.#remember({
      ...this.#history,
      upgrades: reason === null ? upgrades + 1 : upgrades,
      lastUpgrade: { at: scheduler.now(), reason },
    });
    onState('serving');
  }

  #remember(history: History): void {
    this.#history = history;
    for (const { link } of this.#generations) link.send({ kind: 'history', history });
  }

  #leave(generation: Generation, succeeded: boolean): void {
    if (generation.isAlive) generation.link.send({ kind: 'drain', succeeded });
    else generation.link.release();
    generation.state = 'leaving';
  }

  #onGone(generation: Generation): void {
    generation.isGone = true;
    this.#settle();
  }

  #settle(): void {
    for (const generation of this.#generations) {
      if (generation.isGone && !generation.isAlive && generation !== this.#current)
        this.#generations.delete(generation);
    }
    if (!this.#isEnding) return;
    if ([...this.#generations].every(({ isGone, isAlive }) => isGone && !isAlive)) this.#ended.resolve(0);
  }
}

/** From the start of a primary until its first word. */
const BEGIN_MS = 30_000;
/** What a primary may take beyond the drain bound it keeps itself. */
const GRACE_MS = 4000;

/** A primary with its workers. */
interface Generation {
  readonly number: number;
  readonly link: PrimaryLink;
  readonly purpose: 'first' | 'replacement' | 'upgrade';
  state: 'starting' | 'serving' | 'leaving';
  /** The primary itself. */
  isAlive: boolean;
  /** Neither the primary nor a worker of it is left. */
  isGone: boolean;
  readonly bornAt: number;
  workers: readonly number[];
  /** Why it ends, as far as that is known before it does. */
  trouble: string | null;
  /** It has written that itself. */
  hasSaidWhy: boolean;
  cancelBound: (() => void) | null;
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
