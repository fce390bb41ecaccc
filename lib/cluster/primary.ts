import type { TableChange } from '../change.ts';
import type { Log } from '../core/log.ts';
import type { ListenAddress } from '../core/listener.ts';
import type { WorkerReport } from '../stats/report.ts';
import { Table } from '../table.ts';
import { Feed } from './feed.ts';
import type { StartWorker, WorkerLink } from './link.ts';
import type { ToPrimary, WorkerSetup } from './messages.ts';
import { Questions } from './questions.ts';

export interface PrimaryOptions {
  readonly workers: number;
  readonly startWorker: StartWorker;
  readonly setup: WorkerSetup;
  /** Bound addresses, in the order of the workers' sockets. */
  readonly listen: readonly ListenAddress[];
  readonly log: Log;
  /** Told what workers report, and that they are gone; each worker has a number of its own. */
  readonly reports?: { took(worker: number, report: WorkerReport): void; gone(worker: number): void };
  /** What a worker may take to apply a message, beside a millisecond for each change in it; then it is replaced. */
  readonly applyMs?: number;
}

/**
 * Keeps N workers alive, and all of them at the same table.
 *
 * A worker's life: `starting` until its hello, `serving` while it is told changes, `draining` once the program ends. A worker
 * that dies before that is replaced: at once, and more and more slowly while replacements keep dying young.
 */
export class Primary {
  readonly #options: PrimaryOptions;
  readonly #log: Log;
  readonly #table = new Table();
  readonly #members = new Set<Member>();
  readonly #replacements = new Set<NodeJS.Timeout>();
  readonly #questions = new Questions();
  /** Of the last change; 0 while there is no table. */
  #sequence = 0;
  #revision = -1;
  #isWhole = false;
  #state: 'new' | 'starting' | 'running' | 'draining' = 'new';
  #youngDeaths = 0;
  #born = 0;
  #started: PromiseWithResolvers<void> = Promise.withResolvers();
  #drained: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Resolves when all workers listen. Rejects, with a message for an operator, if one of them cannot. */
  start(): Promise<void> {
    this.#state = 'starting';
    for (let i = 0; i < this.#options.workers; i++) this.#add();
    return this.#started.promise;
  }

  /**
   * Changes the table of every worker. Resolves when all that serve have applied it; a worker that dies is not waited for.
   * The first call with `whole`, even with no change, is what makes workers answer requests for everything that is not there.
   * `revision`: of the store, that the table is at then.
   */
  async apply(changes: readonly TableChange[], whole: boolean, revision = -1): Promise<void> {
    for (const change of changes) this.#table.put(change);
    this.#revision = revision;
    this.#isWhole ||= whole;
    const sequence = ++this.#sequence;
    const applied: Promise<void>[] = [];
    for (const member of this.#members) {
      if (member.state === 'starting') continue; // gets the whole table at its hello
      applied.push(this.#tell(member, sequence, changes));
    }
    await Promise.all(applied);
  }

  /** Whether the program ends: nothing new is taken. */
  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** The workers, oldest first. */
  members(): readonly WorkerView[] {
    return Array.from(this.#members, ({ link, state, revision, bornMs, waits }) => {
      const ageMs = performance.now() - bornMs;
      return { pid: link.pid, state, revision, behind: waits.length, ageMs };
    });
  }

  /** Has every worker that serves report; resolves when all have, or late ones are no longer waited for. */
  askReports(): Promise<void> {
    const asked = [...this.#members].filter(({ state }) => state === 'serving').map(({ link }) => link);
    return this.#questions.ask(asked);
  }

  /** Has every worker open its log files anew. */
  reopen(): void {
    for (const { link, state } of this.#members) if (state === 'serving') link.send({ kind: 'reopen' });
  }

  /** Lets every worker finish what is under way; resolves when all are gone. Those that outstay their bound are killed. */
  async drain(): Promise<void> {
    if (this.#state === 'draining') return this.#drained.promise;
    this.#state = 'draining';
    this.#cancelReplacements();
    for (const member of this.#members) {
      if (member.state === 'starting') member.link.kill();
      else member.link.send({ kind: 'drain' });
      member.state = 'draining';
    }
    const bound = setTimeout(() => this.kill(), this.#options.setup.drainMs + DRAIN_GRACE_MS);
    this.#settleDrain();
    await this.#drained.promise;
    clearTimeout(bound);
  }

  /** Ends every worker at once. */
  kill(): void {
    this.#state = 'draining';
    this.#cancelReplacements();
    for (const member of this.#members) member.link.kill();
    this.#settleDrain();
  }

  #add(): void {
    const link = this.#options.startWorker({
      onMessage: (message) => this.#onMessage(member, message),
      onExit: (reason) => this.#onExit(member, reason),
    });
    const member: Member = {
      number: ++this.#born,
      link,
      feed: new Feed(link),
      state: 'starting',
      isListening: false,
      bornMs: performance.now(),
      revision: -1,
      dueMs: 0,
      waits: [],
      startBound: undefined,
    };
    this.#members.add(member);
    member.startBound = setTimeout(() => {
      this.#log.error({ worker: link.pid }, 'worker did not start in time');
      link.kill();
    }, START_MS);
    link.send({ kind: 'start', setup: this.#options.setup, listen: this.#options.listen });
  }

  #onMessage(member: Member, message: ToPrimary): void {
    switch (message.kind) {
      case 'hello':
        this.#greet(member);
        break;
      case 'applied':
        settle(member, message.sequence);
        break;
      case 'listening':
        clearTimeout(member.startBound);
        member.isListening = true;
        this.#onListening();
        break;
      case 'report':
        this.#options.reports?.took(member.number, message.report);
        this.#questions.answered(member.link, message.question);
        break;
      case 'failed':
        this.#onFailed(member, message.message);
        break;
    }
  }

  /** From here on the worker is told every change; what happened before is in its first table. */
  #greet(member: Member): void {
    if (member.state !== 'starting') return;
    member.state = 'serving';
    if (this.#sequence > 0) {
      void this.#tell(member, this.#sequence, this.#table.whole());
    }
    member.feed.follow({ kind: 'listen' });
  }

  #onListening(): void {
    if (this.#state !== 'starting') return;
    for (const member of this.#members) if (!member.isListening) return;
    this.#state = 'running';
    this.#started.resolve();
  }

  #onFailed(member: Member, message: string): void {
    if (this.#state === 'starting') this.#started.reject(new Error(message));
    else this.#log.error({ worker: member.link.pid, reason: message }, 'worker cannot listen');
    member.link.kill();
  }

  #onExit(member: Member, reason: string): void {
    this.#members.delete(member);
    clearTimeout(member.startBound);
    settle(member, Infinity);
    this.#options.reports?.gone(member.number);
    this.#questions.gone(member.link);
    if (this.#state === 'draining') {
      this.#settleDrain();
      return;
    }
    if (this.#state === 'starting') {
      this.#started.reject(new Error(`a worker ended at its start: ${reason}`));
      return;
    }
    this.#replace(member, reason);
  }

  #replace(member: Member, reason: string): void {
    const diedYoung = performance.now() - member.bornMs < YOUNG_MS;
    const waitMs = diedYoung ? Math.min(this.#youngDeaths * CRASH_STEP_MS, CRASH_MOST_MS) : 0;
    this.#youngDeaths = diedYoung ? this.#youngDeaths + 1 : 0;
    this.#log.error({ worker: member.link.pid, reason, replacedInMs: waitMs }, 'worker ended');
    if (waitMs === 0) {
      this.#add();
      return;
    }
    const timer = setTimeout(() => {
      this.#replacements.delete(timer);
      this.#add();
    }, waitMs);
    this.#replacements.add(timer);
  }

  #cancelReplacements(): void {
    for (const timer of this.#replacements) clearTimeout(timer);
    this.#replacements.clear();
  }

  /** Sends a message of changes. Resolves when the worker has applied them, or is gone; a worker that is late is killed. */
  #tell(member: Member, sequence: number, changes: readonly TableChange[]): Promise<void> {
    member.feed.tell(sequence, changes, this.#isWhole);
    const now = performance.now();
    // What was sent before is applied before.
    member.dueMs = Math.max(member.dueMs, now) + (this.#options.applyMs ?? APPLY_MS) + changes.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const revision = this.#revision;
    const timer = setTimeout(() => {
      this.#log.error({ worker: member.link.pid, sequence }, 'worker did not apply a change in time');
      member.link.kill();
    }, member.dueMs - now);
    member.waits.push({
      sequence,
      done: () => {
        clearTimeout(timer);
        member.revision = revision;
        resolve();
      },
    });
    return promise;
  }

  #settleDrain(): void {
    if (this.#members.size === 0) this.#drained.resolve();
  }
}

/** A worker as an operator sees it. */
export interface WorkerView {
  /** 0: the same process. */
  readonly pid: number;
  readonly state: 'starting' | 'serving' | 'draining';
  /** Of the store, at the last change of the table that it has applied; -1 before the first. */
  readonly revision: number;
  /** Number of changes it was told and has not applied yet. */
  readonly behind: number;
  readonly ageMs: number;
}

const APPLY_MS = 5000;
/** From a worker's birth until it listens, its first table included. */
const START_MS = 60_000;
/** What a worker may take beyond the drain bound it keeps itself. */
const DRAIN_GRACE_MS = 2000;
/** A worker that lives shorter than this died young. */
const YOUNG_MS = 10_000;
const CRASH_STEP_MS = 200;
const CRASH_MOST_MS = 5000;

interface Member {
  readonly number: number;
  readonly link: WorkerLink;
  readonly feed: Feed;
  state: 'starting' | 'serving' | 'draining';
  isListening: boolean;
  startBound: NodeJS.Timeout | undefined;
  readonly bornMs: number;
  /** Of the store, at the last change that it has applied. */
  revision: number;
  /** When everything it was told should be applied. */
  dueMs: number;
  /** In the order of their sequences. */
  readonly waits: { readonly sequence: number; done(): void }[];
}

function settle(member: Member, sequence: number): void {
  while (member.waits[0] !== undefined && member.waits[0].sequence <= sequence) member.waits.shift()?.done();
}
