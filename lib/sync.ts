import type { TableChange } from './change.ts';
import type { Control, ServerView } from './control.ts';
import { Seal } from './core/seal.ts';
import { elapsed } from './core/scheduler.ts';
import type { GraphDocument } from './routing/rule.ts';
import { Follow } from './store/follow.ts';
import { StoreError } from './store/store.ts';
import { Changes } from './sync/changes.ts';
import { SyncCore } from './sync/core.ts';
import type { Effects } from './sync/effects.ts';
import { documentKinds, type DocumentKinds } from './sync/document-kinds.ts';
import { report, reportDoubt, reportLoss } from './sync/report.ts';
import { HeldNames } from './sync/held-names.ts';
import { hashBeside } from './sync/hash-beside.ts';
import { Inheritance } from './sync/inheritance.ts';
import { Keeper } from './sync/keeper.ts';
import { Reconciler } from './sync/reconciler.ts';
import { Served } from './sync/served.ts';
import type { SyncStatus } from './sync/status.ts';
import type { SyncOptions } from './sync/sync-options.ts';
import { View } from './sync/view.ts';

/**
 * The control plane: keeps the data plane at what the store holds and at what was changed here, and dumps the latter. All deciding
 * is done by `SyncCore`; this follows the store, holds names in the resolver and hands changes on, in order.
 */
export class Sync implements Control {
  readonly #options: SyncOptions;
  readonly #kinds: DocumentKinds;
  readonly #core: SyncCore;
  readonly changes: Changes;
  readonly #follow: Follow;
  readonly #names: HeldNames;
  #trouble: string | null = 'not connected yet';
  /** `opening` from the first load until its names are resolved; before `open`, only what operators change is handed on. */
  #state: 'closed' | 'opening' | 'open' | 'stopped' = 'closed';
  #isReady = false;
  /** Whether the store was read by this process. */
  #wasRead = false;
  readonly #keeper: Keeper | null;
  readonly #inheritance: Inheritance | null;
  #heardAt: number | null = null;
  readonly #served: Served;
  readonly #reconciler: Reconciler;

  constructor(options: SyncOptions) {
    const { store, rules, maxNodes, resolver, scheduler, images = null, random = Math.random } = options;
    const { expect = () => undefined } = options;
    this.#options = options;
    this.#kinds = documentKinds({ rules, maxNodes }, options.seal ?? new Seal([]), () => scheduler.now());
    const view = new View();
    this.#core = new SyncCore(this.#kinds, view);
    this.#names = new HeldNames(resolver, this.#core);
    this.changes = new Changes({
      store,
      resolver,
      names: this.#names,
      scheduler,
      view,
      kinds: this.#kinds,
      core: this.#core,
      history: options.history ?? null,
      read: (unless) => this.#read(unless),
      hear: async (revision) => {
        if (!(await this.#served.until(revision, WAIT_MS))) await this.#follow.refresh();
      },
      commit: (effects) => this.#commit(effects),
    });
    const image = () => this.#core.takeImage(scheduler.now());
    const news = () => this.#core.takeNews(scheduler.now());
    this.#keeper = images === null ? null : new Keeper({ images, image, news, scheduler, log: options.log });
    this.#served = new Served(scheduler, options.onServed);
    this.#inheritance = options.handover === undefined ? null : new Inheritance(options.handover);
    this.#reconciler = new Reconciler({
      store,
      scheduler,
      random,
      log: options.log,
      everyMs: options.reconcileMs ?? 0,
      agrees: (snapshot) => this.#core.agrees(snapshot),
      diverged: () => this.#follow.diverged(),
    });
    this.#follow = new Follow({
      store,
      scheduler,
      random,
      known: () => this.#core.size,
      listener: {
        load: (snapshot, comparable) => {
          this.#wasRead = true;
          void this.#loaded(this.#hear((now) => this.#core.load(snapshot, comparable, now)));
          this.#keeper?.changed();
        },
        arriving: (entries) => expect(this.#core.arriving(entries)),
        changes: (revision, changes) => {
          void this.#news(this.#hear((now) => this.#core.advance(revision, changes, now, options.giveWay)));
          this.#keeper?.changed();
        },
        progress: (revision) => void this.#news(this.#hear((now) => this.#core.advance(revision, [], now))),
        trouble: (message) => this.#tellTrouble(message),
        doubt: (found, known) => reportDoubt(options.log, store.label, found, known),
      },
    });
    resolver.listen({
      addresses: (host, addresses) => void this.#news(this.#core.resolved(host, addresses, scheduler.now())),
      trouble: (host, message) => {
        if (message === null) options.log.info({ host }, 'name resolves again');
        else options.log.warn({ host, reason: message }, 'name does not resolve: what is known of it stays');
      },
    });
  }

  /** Puts the last snapshot into force, then follows the store. It never fails: a store that is away is tried again. */
  async start(): Promise<void> {
    this.#inheritance?.receive((key, kept) => {
      void this.#news(this.#core.inherit(key, kept, this.#options.scheduler.now()));
    });
    const { scheduler, log } = this.#options;
    const image = (await this.#keeper?.read()) ?? null;
    if (image !== null) {
      log.info({ revision: image.revision, entries: image.entries.length }, 'starting from the snapshot');
      this.#follow.resume(image);
      const open = this.#loaded(this.#core.restore(image, scheduler.now()));
      // To dial the store takes the time of those who hand the table out: requests are answered first.
      await Promise.race([open, elapsed(scheduler, HEAD_START_MS)]);
    }
    this.#follow.start();
    this.#reconciler.start();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#follow.stop();
    this.#reconciler.stop();
    this.#options.resolver.stop();
    await this.#options.store.close();
    await this.#keeper?.stop();
  }

  get ready(): boolean {
    return this.#isReady;
  }

  get status(): SyncStatus {
    return {
      store: this.#options.store.label,
      source: this.#wasRead ? 'store' : this.#core.isLoaded ? 'snapshot' : null,
      revision: this.#core.revision,
      served: this.#served.revision,
      heardAt: this.#heardAt,
      connected: this.#trouble === null,
      trouble: this.#trouble,
      agreedAt: this.#reconciler.agreedAt,
      mismatches: this.#reconciler.mismatches,
      rejected: this.#core.rejected,
      held: this.#core.held,
      dangling: this.#core.dangling,
      overlays: this.#core.overlays,
    };
  }

  get revision(): number {
    return this.#served.revision;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  served(revision: number, ms: number): Promise<boolean> {
    return this.#served.until(revision, ms);
  }

  /** What every worker serves of the store; null while something newer is on its way to them, or nothing has come yet. */
  get serving(): { readonly revision: number; readonly hash: string } | null {
    if (!this.#isReady || !this.#served.isCurrent) return null;
    return { revision: this.#served.revision, hash: this.changes.hash };
  }

  /** Whether `serving` knows the hash; whoever asks before has to wait for it. */
  get isHashed(): boolean {
    return this.#core.isHashed;
  }

  /** Keys changed here and not dumped; null: removed. */
  overlaid(): ReadonlyMap<string, string | null> {
    return this.#core.overlaid();
  }

  /** Everything that is in force, as changes that lead there from nothing. */
  table(): readonly TableChange[] {
    return this.#core.table();
  }

  /** Items in force. */
  get sizes(): SyncCore['sizes'] {
    return this.#core.sizes;
  }

  domains(): Readonly<Record<string, GraphDocument>> {
    return this.#core.documents('domain') as Readonly<Record<string, GraphDocument>>; // they have passed their check
  }

  graph(domain: string): GraphDocument | null {
    return this.#core.inForce('domain', domain) as GraphDocument | null; // it has passed its check
  }

  upstreams(): Readonly<Record<string, readonly ServerView[]>> {
    return this.#core.upstreams();
  }

  hasUpstream(name: string): boolean {
    return this.#core.hasUpstream(name);
  }

  graphs(): Readonly<Record<string, GraphDocument>> {
    return this.#core.documents('graph') as Readonly<Record<string, GraphDocument>>; // they have passed their check
  }

  hasGraph(name: string): boolean {
    return this.#core.hasDocument('graph', name);
  }

  options(): Readonly<Record<string, unknown>> {
    return this.#core.documents('options');
  }

  tls(): Readonly<Record<string, unknown>> {
    return this.#core.documents('tls');
  }

  hasTls(domain: string): boolean {
    return this.#core.hasDocument('tls', domain);
  }

  /** With keys, as memory holds them. */
  certificates(): Readonly<Record<string, unknown>> {
    return this.#core.documents('certificate');
  }

  hasOptions(name: string): boolean {
    return this.#core.hasDocument('options', name);
  }

  /** Reads the store again, now. Throws StoreError. */
  async reread(): Promise<void> {
    await this.#follow.refresh();
  }

  async #read(unless?: 'known'): Promise<void> {
    // A snapshot of an earlier time does not tell what the store holds.
    if (unless === undefined || !this.#wasRead) await this.#follow.refresh();
    if (!this.#wasRead) throw new StoreError(`${this.#options.store.label} has not been read yet`);
  }

  #loaded(effects: Effects): Promise<void> | undefined {
    return this.#state === 'closed' ? this.#open(effects) : this.#news(effects);
  }

  /** The first table waits for the names in it, so that it does not begin with servers missing. */
  async #open(effects: Effects): Promise<void> {
    this.#state = 'opening';
    void this.#note(effects);
    await this.#options.resolver.settle(this.#names.held, WAIT_MS);
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    // Whatever came while it was prepared is in it.
    const applied = this.#apply(this.#core.table());
    this.#served.reach(this.#core.revision, applied);
    await applied;
    this.#isReady = true;
    const { scheduler, onServed } = this.#options;
    void hashBeside(this.#core, scheduler, () => this.#state !== 'open').then(onServed);
  }

  #news(effects: Effects): Promise<void> | undefined {
    return this.#state === 'open' ? this.#commit(effects) : this.#note(effects);
  }

  /** Does what follows from an event; resolves when it is in force. */
  async #commit(effects: Effects): Promise<void> {
    const kept = this.#note(effects);
    const applied = effects.changes.length > 0 ? this.#apply(effects.changes) : Promise.resolve();
    if (this.#state === 'open') this.#served.reach(this.#core.revision, applied);
    await Promise.all([applied, kept]);
  }

  /** Resolves once what operators have changed is kept for the next process. */
  #note(effects: Effects): Promise<void> | undefined {
    this.#names.note(effects.hosts);
    report(this.#options.log, this.#core, effects);
    return this.#inheritance?.keep(this.#core);
  }

  async #apply(changes: readonly TableChange[]): Promise<void> {
    if (this.#state === 'stopped') return;
    try {
      await this.#options.apply(changes, this.#state === 'open', this.#core.revision);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a change was not put into force');
    }
  }

  /** News of the store. */
  #hear(take: (now: number) => Effects): Effects {
    const { scheduler, log, store, giveWay } = this.#options;
    const before = this.#core.size;
    const now = scheduler.now();
    this.#heardAt = now;
    giveWay?.();
    const effects = take(now);
    giveWay?.();
    reportLoss(log, store.label, before, this.#core);
    return effects;
  }

  #tellTrouble(message: string | null): void {
    const { log, store } = this.#options;
    this.#trouble = message;
    if (message === null) log.info({ store: store.label, revision: this.#follow.revision }, 'following the store');
    else log.warn({ store: store.label, reason: message }, 'the store cannot be followed: serving what is known');
  }
}

/** Longest time that the store waits for the snapshot to be in force. */
const HEAD_START_MS = 3000;

/** Longest time that the first table waits for the addresses of its names, and we for news of our own transactions. */
const WAIT_MS = 2000;
