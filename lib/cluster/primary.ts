import type { TableChange } from '../change.ts';
import type { Log } from '../core/log.ts';
import type { AnswerTo, WorkerQuery } from '../core/worker-query.ts';
import { Table } from '../table.ts';
import type { HealthNews } from '../upstream/server-health.ts';
import { Draft } from './draft.ts';
import { Ends, type WorkerEnds } from './ends.ts';
import { firstNews } from './first-news.ts';
import { InstanceCounts } from './instance-counts.ts';
import type { WorkerLink } from './link.ts';
import { LateSockets } from './late-sockets.ts';
import { Member, type WorkerView } from './member.ts';
import type { ToPrimary } from './messages.ts';
import { BOUNDS, type PrimaryOptions } from './primary-options.ts';
import { Queries } from './queries.ts';
import { Questions } from './questions.ts';

/**
 * Keeps N workers serving and one more standing by, and all of them at the same table.
 *
 * ```
 * starting -- hello --> standby -- listen --> serving -- drain --> draining
 * ```
 *
 * Nobody listens before `serve`, but for those who begin with an image and may. A worker that ends by itself is replaced by the one that stands by, which has the table and
 * only has to listen; a new one is started in its stead, at once or, in a crash loop, later and later.
 */
export class Primary {
  readonly #options: PrimaryOptions;
  readonly #log: Log;
  readonly #table = new Table();
  readonly #members = new Set<Member>();
  readonly #questions = new Questions();
  readonly #queries = new Queries();
  readonly #counts = new InstanceCounts();
  readonly sockets = new LateSockets(() => this.#members);
  /** Of the last change; 0 while there is no table. */
  #sequence = 0;
  #revision = -1;
  #isWhole = false;
  /** Until the first whole table. */
  readonly draft = new Draft();
  /** All that serve, or are about to, have the whole table. */
  #isKnown = false;
  readonly #ends: Ends;
  /** Until `serving` an end of a worker is an end of the start; from then on it is replaced. */
  #state: 'starting' | 'opening' | 'serving' | 'draining' = 'starting';
  #born = 0;
  /** How many are to be there, beside those that stand by. */
  #wanted: number;
  #prepared: PromiseWithResolvers<void> = Promise.withResolvers();
  #opened: PromiseWithResolvers<void> = Promise.withResolvers();
  #drained: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#ends = new Ends(options.log);
    this.#wanted = options.first ?? options.workers;
    // Whoever waits for one of them need not wait for the other.
    for (const { promise } of [this.#prepared, this.#opened]) promise.catch(() => undefined);
  }

  get ends(): WorkerEnds {
    return this.#ends.view();
  }

  /** Resolves when all workers that are started first stand by. Rejects, with a message for an operator, if one of them cannot. */
  start(): Promise<void> {
    this.#staff();
    return this.#prepared.promise;
  }

  /** Lets the workers listen, those beyond the first ones once they may be started. Resolves when all do; rejects, with a message for an operator, if one cannot. */
  serve(mayBegin: Promise<void> = Promise.resolve()): Promise<void> {
    if (this.#state === 'starting') this.#state = 'opening';
    this.#staff();
    void mayBegin.then(() => {
      this.#wanted = this.#options.workers;
      this.#staff();
    });
    return this.#opened.promise;
  }

  /**
   * Changes the table of every worker. Resolves when all that serve have applied it; neither one that dies nor one that stands by, which is
   * told several changes at once, is waited for.
   * The first call with `whole`, even with no change, is what makes workers answer requests for everything that is not there.
   * `revision`: of the store, that the table is at then.
   */
  async apply(changes: readonly TableChange[], whole: boolean, revision = -1): Promise<void> {
    for (const change of changes) this.#table.put(change);
    this.#revision = revision;
    this.#isWhole ||= whole;
    const sequence = ++this.#sequence;
    // One that starts gets the whole table at its hello.
    const told = [...this.#members].filter(({ state }) => state !== 'starting');
    const applied = told.map((member) => {
      if (member.state !== 'standby' || !this.#isKnown) return this.#tell(member, sequence, changes);
      return member.gather(changes, (all) => void this.#tell(member, this.#sequence, all));
    });
    if (this.#isWhole) this.draft.end();
    await Promise.all(applied);
    if (!this.#isWhole || this.#isKnown) return;
    await Promise.all(Array.from(this.#members, ({ greeted }) => greeted.promise));
    this.#isKnown = true;
    this.#staff();
  }

  /** Changes the table by what does not come from the store. */
  add(changes: readonly TableChange[]): Promise<void> {
    return this.apply(changes, false, this.#revision);
  }

  /** Whether the program ends: nothing new is taken. */
  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** The workers, oldest first. */
  members(): readonly WorkerView[] {
    return Array.from(this.#members, (member) => member.view());
  }

  /** Has every worker that serves report; resolves when all have, or late ones are no longer waited for. */
  askReports(): Promise<void> {
    return this.#questions.ask(this.#serving(), (question) => ({ kind: 'ask', question }));
  }

  /** The same for what they have to tell of their servers, or of those of one upstream. */
  askServers(upstream: string | null): Promise<void> {
    return this.#questions.ask(this.#serving(), (question) => ({ kind: 'ask-servers', question, upstream }));
  }

  /** Asks the workers that serve, all or the oldest; answers come from those that can. */
  query<Query extends WorkerQuery>(query: Query, whom: 'all' | 'one'): Promise<readonly AnswerTo<Query>[]> {
    return this.#queries.ask(this.#serving().slice(0, whom === 'one' ? 1 : Infinity), query);
  }

  /** Tells every worker that serves what there is about the health of servers, but for that one. */
  broadcast(news: HealthNews, except: number | null): void {
    for (const member of this.#members) {
      if (member.state !== 'starting' && member.number !== except) member.follow({ kind: 'health', news });
    }
  }

  /** Has every worker open its log files anew. */
  reopen(): void {
    for (const { link, state } of this.#members) if (state !== 'starting') link.send({ kind: 'reopen' });
  }

  /** Lets every worker finish what is under way; resolves when all are gone. Those that outstay their bound are killed. */
  async drain(): Promise<void> {
    if (this.#state === 'draining') return this.#drained.promise;
    this.#state = 'draining';
    for (const member of this.#members) {
      if (member.state === 'serving') member.link.send({ kind: 'drain' });
      else member.link.kill();
      member.state = 'draining';
    }
    const bound = setTimeout(() => this.kill(), this.#options.setup.drainMs + BOUNDS.drainGraceMs);
    this.#settleDrain();
    await this.#drained.promise;
    clearTimeout(bound);
  }

  /** Ends every worker at once. */
  kill(): void {
    this.#state = 'draining';
    for (const member of this.#members) member.link.kill();
    this.#settleDrain();
  }

  #serving(): readonly WorkerLink[] {
    return [...this.#members].filter(({ state }) => state === 'serving').map(({ link }) => link);
  }

  #add(): void {
    const link = this.#options.startWorker({
      onMessage: (message) => this.#onMessage(member, message),
      onExit: (reason) => this.#onExit(member, reason),
    });
    const member: Member = new Member(++this.#born, link);
    this.#members.add(member);
    this.#tellWorkers();
    member.startBound = setTimeout(() => {
      this.#log.error({ worker: link.pid }, 'worker did not start in time');
      link.kill();
    }, BOUNDS.startMs);
    const image = this.#isWhole ? null : (this.#options.image ?? null);
    if (!link.isTold) link.send({ kind: 'start', setup: this.#options.setup, listen: link.listen, image });
    this.sockets.follow(link);
  }

  #onMessage(member: Member, message: ToPrimary): void {
    switch (message.kind) {
      case 'hello':
        this.#greet(member, message.hasImage);
        break;
      case 'applied':
        member.settle(message.sequence);
        break;
      case 'listening':
        this.#onListening(member);
        break;
      case 'sightings':
        this.#options.health?.took(member.number, message.sightings);
        break;
      case 'report':
        this.#options.reports?.took(member.number, message.report);
        break;
      case 'reported':
        if (message.piece !== null) this.#options.reports?.tookPiece(message.piece);
        else this.#questions.answered(member.link, message.question);
        break;
      case 'answer':
        this.#queries.answered(member.link, message.question, message.answer);
        break;
      case 'servers':
        this.#options.servers?.took(member.number, message);
        if (!message.more) this.#questions.answered(member.link, message.question);
        break;
      case 'forget':
        for (const link of this.#serving()) if (link !== member.link) link.send(message);
        break;
      case 'rate':
      case 'enter':
      case 'leave':
        this.#counts.took(member.number, member.link, message);
        break;
      case 'failed':
        this.#onFailed(member, message.message);
        break;
    }
  }

  /** From here on the worker is told every change; what happened before is in its first table. */
  #greet(member: Member, hasImage: boolean): void {
    if (member.state !== 'starting') return;
    member.state = 'standby';
    member.hasImage = hasImage;
    if (!hasImage) this.draft.greet(member);
    clearTimeout(member.startBound);
    member.greeted.resolve(this.#sequence > 0 ? this.#tell(member, this.#sequence, this.#table.whole()) : undefined);
    const news = this.#options.health?.whole();
    if (news !== undefined) member.follow({ kind: 'health', news });
    this.#staff();
    if ([...this.#members].every(({ state }) => state !== 'starting')) this.#prepared.resolve();
  }

  /** Lets as many listen as should, and sees that there are as many as there should be. */
  #staff(): void {
    if (this.#state === 'draining') return;
    const { workers, spares } = this.#options;
    const isOpen = this.#state === 'opening' || this.#state === 'serving';
    let serving = this.#serving().length;
    for (const member of this.#members) {
      if (!isOpen || serving >= workers || member.state !== 'standby') continue;
      serving++;
      member.listen();
    }
    // Nobody waits for the one that stands by: it comes up when the others serve and have the table.
    const standby = this.#state === 'serving' && this.#isKnown ? spares : 0;
    while (this.#members.size + this.#ends.waiting < this.#wanted + standby) this.#add();
  }

  #onListening(member: Member): void {
    member.isListening = true;
    this.#log.info({ worker: member.link.pid }, 'worker listens');
    if (this.#state !== 'opening') return;
    const listening = [...this.#members].filter(({ isListening }) => isListening).length;
    if (listening < this.#options.workers) return;
    this.#state = 'serving';
    this.#opened.resolve();
    this.#staff();
  }

  #onFailed(member: Member, message: string): void {
    if (this.#state !== 'serving') this.#fail(new Error(message));
    else this.#log.error({ worker: member.link.pid, reason: message }, 'worker cannot listen');
    member.link.kill();
  }

  #onExit(member: Member, reason: string): void {
    this.#members.delete(member);
    member.end();
    this.draft.forget(member);
    this.#options.reports?.gone(member.number);
    this.#options.servers?.gone(member.number);
    this.#counts.gone(member.number);
    this.#questions.gone(member.link);
    this.#queries.gone(member.link);
    this.#tellWorkers();
    if (this.#state === 'draining') this.#settleDrain();
    else if (this.#state === 'serving') {
      this.#ends.ended(member, reason, () => this.#staff());
      this.#staff();
    } else this.#fail(new Error(`a worker ended at its start: ${reason}`));
  }

  #fail(error: Error): void {
    this.#prepared.reject(error);
    this.#opened.reject(error);
  }

  #tellWorkers(): void {
    this.#options.onWorkers?.([...this.#members].map(({ link }) => link.pid));
  }

  /** Resolves when the worker has applied the changes, or is gone; one that is late is killed. */
  #tell(member: Member, sequence: number, all: readonly TableChange[]): Promise<void> {
    const mostMs = this.#options.applyMs ?? BOUNDS.applyMs;
    const told = { sequence, changes: all, whole: this.#isWhole, revision: this.#revision };
    const news = told.whole ? firstNews(member, this.#table, this.#options, this.draft) : null;
    return member.tell({ ...told, ...news }, mostMs, () => {
      this.#log.error({ worker: member.link.pid, sequence }, 'worker did not apply a change in time');
      member.link.kill();
    });
  }

  #settleDrain(): void {
    if (this.#members.size === 0) this.#drained.resolve();
  }
}
