import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { isRemoval } from '../../lib/change.ts';
import type { TableChange } from '../../lib/change.ts';
import { FollowState } from '../../lib/store/follow-state.ts';
import type { FollowAction, FollowEvent } from '../../lib/store/follow-state.ts';
import type { Image } from '../../lib/store/image.ts';
import type { Snapshot, Write } from '../../lib/store/store.ts';
import { firstTable } from '../../lib/sync/first-table.ts';
import { SyncCore } from '../../lib/sync/core.ts';
import type { Effects } from '../../lib/sync/effects.ts';
import { nextBatch } from '../../lib/store/batch.ts';
import { documentKinds } from '../../lib/sync/document-kinds.ts';
import { checkMutations } from '../../lib/sync/edits.ts';
import { documentKey } from '../../lib/sync/keys.ts';
import type { Mutation } from '../../lib/control.ts';
import { meansTheSame } from '../../lib/sync/meaning.ts';
import { Seal } from '../../lib/core/seal.ts';
import { rules } from '../../rules/index.ts';
import { KeptImages } from '../fixtures/kept-images.ts';
import { ModelStore } from './model-store.ts';
import { Random } from './random.ts';
import { SimulatedWorker, itemOf } from './simulated-worker.ts';

const KINDS = documentKinds({ rules, maxNodes: 4000 }, new Seal([]), () => 0);
const DOMAINS = ['a.test', 'b.test', '*'];
const UPSTREAMS = ['up', 'down'];
const SERVERS = ['10.0.0.1:80', '10.0.0.2:80', 'n1.test:80', 'n2.test:80'];
const HOSTS = ['n1.test', 'n2.test'];
const MAX_WRITES = 3;

/** A transaction of a dump: planned, perhaps executed, perhaps never answered. */
interface Transaction {
  readonly writes: readonly Write[];
  readonly cluster: string;
  /** `undefined` until the store has executed it. */
  revision: number | null | undefined;
}

/** What an operator did to a key, and up to which revision that wins. */
interface Made {
  readonly value: string | null;
  since: number;
  /** A removal may have happened in a part of the history that nobody could see. */
  isUnsure: boolean;
}

/**
 * One schedule of store writes, operators' changes, dumps, resolutions and faults, chosen by a seed, against the state
 * machines of `follow` and `sync`. The reference is the model's full history and one entry per key for what was made here.
 */
export class Simulation {
  readonly #random: Random;
  readonly #store = new ModelStore();
  #follow: FollowState;
  #core = new SyncCore(KINDS);
  /** What a worker has, change by change. */
  readonly #served = new Map<string, TableChange>();
  readonly #made = new Map<string, Made>();
  /** Last revision of others per `cluster key`; and all of them, as `cluster key@revision`. */
  readonly #foreign = new Map<string, number>();
  readonly #foreignWrites = new Set<string>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #replacedUnseen = new Set<string>();
  readonly #goodEver = new Map<string, Set<string>>();
  /** What the core was told of the store. */
  readonly #known = new Map<string, { readonly value: string; readonly revision: number }>();
  /** What it was told to be removed, and when. */
  readonly #gone = new Map<string, number>();
  /** Keys that a transaction of ours without an answer removes: a removal by others looks the same. */
  readonly #doubtful = new Set<string>();
  /** Such removals, as `cluster key@revision`. */
  readonly #ambiguous = new Set<string>();
  #ownWrites: { readonly revision: number; readonly writes: readonly Write[] }[] = [];
  #transaction: Transaction | null = null;
  #read: Snapshot | null = null;
  #wantsRead = false;
  #refresh: Snapshot | null = null;
  #isPausing = false;
  #cluster = '';
  #count = 0;
  /** Documents of domains that should be in force: the newest, unless it waits for an upstream. */
  #inForce = new Map<string, string>();
  /** The image that was last written, and what was added to it. */
  readonly #disk = new KeptImages();
  /** What was forgotten when it was written, or added to. */
  #diskForgotten = 0;
  /** Revision of the last change that was not told and that nothing has shown yet; 0: none. */
  #forgotten = 0;
  /** The store was read in this life. */
  #wasRead = false;
  /** Nothing that is on its way will ever arrive. */
  #isHalfOpen = false;
  #worker = new SimulatedWorker(0, []);
  /** Number of changes of the table, and the table after each as text. */
  #sequence = 0;
  readonly #tables: string[] = [''];
  /** What happened, line by line; null: not written down. */
  readonly trace: string[] | null;

  constructor(seed: number, isTraced = false) {
    this.#random = new Random(seed);
    this.#follow = new FollowState(() => this.#random.next());
    this.trace = isTraced ? [] : null;
  }

  run(steps: number): void {
    this.#tell({ kind: 'start' });
    for (let i = 0; i < steps; i++) {
      this.#step();
      this.#checkServed();
    }
    this.#comeToRest();
    this.#checkServed();
    this.#checkMemory();
    this.#dumpAll();
    this.#checkDumped();
    while (!this.#worker.isIdle) this.#deliverToWorker();
    expect(this.#worker.applied).to.equal(this.#sequence);
  }

  #step(): void {
    const random = this.#random;
    const kind = random.below(24);
    if (kind >= 20) this.#processStep();
    else if (kind < 4) this.#writeByOther();
    else if (kind < 7) this.#mutate();
    else if (kind < 9) this.#dumpStep();
    else if (kind < 10) this.#resolve();
    else if (kind < 11) this.#fault();
    else this.#deliver();
  }

  /** What happens to the processes, and to the disk. */
  #processStep(): void {
    const random = this.#random;
    if (random.chance(0.6)) this.#deliverToWorker();
    else if (random.chance(0.25)) this.#replaceWorker();
    else if (random.chance(0.4)) this.#writeImage();
    else if (random.chance(0.5)) this.#reconcile();
    else if (random.chance(0.35)) this.#crash();
  }

  #deliverToWorker(): void {
    this.#worker.deliver();
    const { applied, table } = this.#worker;
    expect(sortedTable(table.values()).join('\n'), `table ${applied} of the worker`).to.equal(this.#tables[applied]);
  }

  #replaceWorker(): void {
    this.#log(() => 'the worker is replaced');
    this.#worker = new SimulatedWorker(this.#sequence, this.#core.table());
  }

  /** What is written counts once it is whole, and so does what is added; what is torn is lost, and nothing is added to it. */
  #writeImage(): void {
    const isTorn = this.#random.chance(0.2);
    const news = this.#core.takeNews(0);
    const isAdded = news !== null && this.#disk.isOpen;
    const image = isAdded ? null : this.#core.takeImage(0);
    this.#log(() => `image ${isAdded ? 'added to' : 'written'}${isTorn ? ', torn' : ''}`);
    if (isTorn) void this.#disk.close();
    else if (isAdded) this.#disk.putNews(news);
    else if (image !== null) this.#disk.put(image);
    if (isTorn || (!isAdded && image === null)) return;
    this.#diskForgotten = this.#forgotten;
    this.#checkDisk();
  }

  /** What is on the disk is what the core was told, and the same as if it had been written as a whole. */
  #checkDisk(): void {
    const disk = this.#disk.image;
    const image = this.#core.takeImage(0);
    if (disk === null || image === null) throw new Error('nothing was written');
    const known = new Map(disk.entries.map(({ key, value, revision }) => [key, { value, revision }]));
    expect(isDeepStrictEqual(known, this.#known), 'what is on the disk').to.equal(true);
    expect([disk.revision, disk.cluster]).to.deep.equal([image.revision, image.cluster]);
    expect(isDeepStrictEqual(disk.substitutes, image.substitutes), 'substitutes on the disk').to.equal(true);
    const substituted = new Set(disk.substitutes.map(({ key }) => key));
    for (const { key, value } of image.entries) {
      if (!substituted.has(key)) expect(disk.needsOf(key, value), key).to.deep.equal(image.needsOf(key, value));
    }
  }

  /** Everything is lost but the disk; what was changed here and not dumped, too. */
  #crash(): void {
    const image = this.#random.chance(0.2) ? null : this.#disk.image;
    void this.#disk.close();
    this.#log(() => `crash, ${image === null ? 'no image' : `image of ${image.revision}`}`);
    this.#follow = new FollowState(() => this.#random.next());
    this.#core = new SyncCore(KINDS);
    for (const [host, addresses] of this.#addresses) this.#core.resolved(host, addresses, 0);
    for (const memory of [this.#made, this.#known, this.#gone, this.#doubtful, this.#replacedUnseen, this.#served])
      memory.clear();
    this.#ownWrites = [];
    this.#transaction = null;
    this.#read = null;
    this.#wantsRead = false;
    this.#refresh = null;
    this.#isPausing = false;
    this.#isHalfOpen = false;
    this.#wasRead = false;
    this.#store.stream = null;
    this.#inForce = new Map();
    if (image !== null) this.#startFrom(image);
    this.#tables[++this.#sequence] = sortedTable(this.#served.values()).join('\n');
    this.#replaceWorker();
    this.#tell({ kind: 'start' });
  }

  #startFrom(image: Image): void {
    this.#cluster = image.cluster;
    this.#forgotten = Math.max(this.#forgotten, this.#diskForgotten);
    for (const { key, value, revision } of image.entries) this.#known.set(key, { value, revision });
    for (const { key, lastGood } of image.substitutes) {
      if (lastGood !== null && key.startsWith('rules/')) this.#inForce.set(key, lastGood);
    }
    // Not told again, if it was never told.
    this.#follow.resume(image);
    this.#serve(this.#core.restore(image, 0));
    // A worker that reads the image itself begins with the same table, or with none.
    const first = firstTable(image);
    if (first !== null) expect(sortedTable(first)).to.deep.equal(sortedTable(this.#core.table()));
  }

  #reconcile(): void {
    if (!this.#core.isLoaded) return;
    const agrees = this.#core.agrees(this.#store.snapshot());
    this.#log(() => `compared with the store: ${agrees}`);
    const isOther = this.#cluster !== this.#store.cluster;
    if (this.#forgotten === 0 && !isOther) expect(agrees, 'agrees with the store').to.not.equal(false);
    // What was not told may have been known: a write of our own.
    if (agrees === true) this.#forgotten = 0;
    if (agrees === false) this.#tell({ kind: 'diverged' });
  }

  #writeByOther(): void {
    const edits = Array.from({ length: 1 + this.#random.below(3) }, () => this.#anyEdit());
    const unique = [...new Map(edits.map((edit) => [edit.key, edit])).values()];
    const present = unique.filter(({ key, value }) => value !== null || this.#store.now.has(key));
    const revision = this.#store.commit(present);
    for (const { key, value } of present) {
      const place = `${this.#store.cluster} ${key}`;
      this.#foreign.set(place, revision);
      this.#foreignWrites.add(`${place}@${revision}`);
      if (value === null && this.#doubtful.has(key)) this.#ambiguous.add(`${place}@${revision}`);
    }
    this.#log(() => `other writes ${JSON.stringify(present)} at ${revision}`);
  }

  #anyEdit(): { key: string; value: string | null } {
    const random = this.#random;
    const removes = random.chance(0.25);
    const isBad = random.chance(0.15);
    if (random.chance(0.5)) {
      const key = `rules/${random.pick(DOMAINS)}`;
      return { key, value: removes ? null : isBad ? `{"init": ${this.#unique()}` : this.#graph(key) };
    }
    if (random.chance(0.3)) {
      const key = `options/${random.pick(UPSTREAMS)}`;
      return { key, value: removes ? null : isBad ? `{"init": ${this.#unique()}` : this.#options(key) };
    }
    const key = `upstreams/${random.pick(UPSTREAMS)}/${random.pick(SERVERS)}`;
    return { key, value: removes ? null : isBad ? `bogus=${this.#unique()}` : `weight=${this.#unique()}` };
  }

  #unique(): number {
    return ++this.#count + 1;
  }

  #graph(key: string): string {
    const document = {
      note: this.#unique(),
      init: 'r',
      rules: { r: { type: 'backend', args: { servername: this.#servername() } } },
    };
    return this.#remember(key, JSON.stringify(document));
  }

  /** A server directly, most often; or an upstream. */
  #servername(): string {
    const random = this.#random;
    return random.chance(0.6) ? 's:80' : random.pick(UPSTREAMS);
  }

  #options(key: string): string {
    const text = JSON.stringify({ balance: { slow_start: `${this.#unique()}s` } });
    return this.#remember(key, text);
  }

  #remember(key: string, text: string): string {
    this.#goodEver.set(key, (this.#goodEver.get(key) ?? new Set()).add(text));
    return text;
  }

  #mutate(): void {
    const random = this.#random;
    const mutations = Array.from({ length: 1 + random.below(2) }, () => this.#anyMutation());
    const { edits, problems } = checkMutations(
      mutations,
      KINDS,
      (of, name) => this.#core.spellings(of, name),
      (reference) => this.#core.needs(reference),
    );
    expect(problems).to.deep.equal([]);
    const since = this.#core.isLoaded ? Math.max(this.#core.revision, this.#ownWrites.at(-1)?.revision ?? -1) : -1;
    const memory = this.#memory();
    const make = (key: string, value: string | null) => {
      if (value === null) memory.delete(key);
      else memory.set(key, value);
      this.#made.set(key, { value, since, isUnsure: false });
    };
    for (const edit of edits) {
      if (edit.kind === 'document') {
        make(documentKey(edit.of, edit.name), edit.text);
        continue;
      }
      const path = `upstreams/${edit.name}/`;
      for (const key of memory.keys()) if (key.startsWith(path)) make(key, null);
      for (const [server, text] of edit.servers ?? []) make(path + server, text);
      if (edit.servers?.size === 0) make(path, '');
      if (!this.#core.isLoaded) this.#replacedUnseen.add(edit.name);
    }
    this.#log(() => `mutate ${JSON.stringify(mutations)} since ${since}`);
    this.#serve(this.#core.edit(edits, 0));
  }

  #anyMutation(): Mutation {
    const random = this.#random;
    const known = [...this.#memory().keys()].filter((key) => key.startsWith('rules/'));
    if (random.chance(0.15) && known.length > 0) {
      return { kind: 'delete-domain', name: random.pick(known).slice('rules/'.length) };
    }
    if (random.chance(0.5)) {
      const name = random.pick(DOMAINS);
      return { kind: 'put-domain', name, document: JSON.parse(this.#graph(`rules/${name}`)) as unknown };
    }
    const name = random.pick(UPSTREAMS);
    if (random.chance(0.1)) return { kind: 'delete-options', name };
    if (random.chance(0.2)) {
      return { kind: 'put-options', name, document: JSON.parse(this.#options(`options/${name}`)) as unknown };
    }
    if (random.chance(0.2)) return { kind: 'delete-upstream', name };
    const servers = SERVERS.filter(() => random.chance(0.4)).map((server) => [server, `weight=${this.#unique()}`]);
    return { kind: 'put-upstream', name, servers: Object.fromEntries(servers) as unknown };
  }

  /** Plans a transaction, or executes it, or brings its answer, or loses that. */
  #dumpStep(): void {
    const transaction = this.#transaction;
    if (transaction === null) {
      if (!this.#wasRead) return;
      const writes = this.#nextBatch();
      if (writes.length === 0) return;
      this.#core.writing(writes);
      for (const { key, value } of writes) if (value === null) this.#doubtful.add(key);
      this.#transaction = { writes, cluster: this.#cluster, revision: undefined };
      this.#log(() => `dump plans ${JSON.stringify(writes)}`);
    } else if (transaction.cluster !== this.#store.cluster || this.#random.chance(0.1)) {
      this.#transaction = null;
      this.#log(() => 'dump fails without an answer');
    } else if (transaction.revision === undefined) {
      transaction.revision = this.#store.write(transaction.writes);
      this.#log(() => `dump executed: ${transaction.revision}`);
    } else this.#answer(transaction);
  }

  /** No reader of the store misses what was there before and will be after: nothing is removed while something has to be written. */
  #nextBatch(): readonly Write[] {
    const dump = this.#core.dump();
    const writes = nextBatch(dump, MAX_WRITES, Number.MAX_SAFE_INTEGER);
    const left = dump.slice(writes.length);
    const removes = writes.some(({ value }) => value === null);
    expect(removes && left.some(({ value }) => value !== null)).to.equal(false);
    return writes;
  }

  #answer({ writes, revision }: Transaction): void {
    this.#transaction = null;
    if (revision === undefined) return;
    this.#log(() => `dump answered: ${revision}`);
    for (const { key } of writes) this.#doubtful.delete(key);
    if (revision !== null) this.#noteOwn(revision, writes);
    this.#serve(this.#core.written(writes, revision, 0));
    if (revision === null) this.#refresh = this.#store.snapshot();
  }

  #noteOwn(revision: number, writes: readonly Write[]): void {
    this.#ownWrites.push({ revision, writes });
    if (revision <= this.#core.revision) return;
    for (const { key, value } of writes) this.#learn(key, value, revision);
  }

  #resolve(): void {
    const host = this.#random.pick(HOSTS);
    const addresses = ['10.1.0.1', '10.1.0.2', '10.1.0.3'].filter(() => this.#random.chance(0.5));
    this.#addresses.set(host, addresses);
    this.#serve(this.#core.resolved(host, addresses, 0));
  }

  #fault(): void {
    const store = this.#store;
    const kind = this.#random.below(10);
    this.#log(() => `fault ${kind}`);
    if (kind < 3 && store.stream !== null) store.disconnect();
    else if (kind < 5) store.compact(store.revision);
    else if (kind < 6) store.progress();
    else if (kind < 7) this.#refresh = store.snapshot();
    else if (kind < 8) this.#isHalfOpen = store.stream !== null;
    else if (kind < 9)
      this.#forgotten = Math.max(
        this.#forgotten,
        store.forget((count) => this.#random.below(count)),
      );
    else if (this.#random.chance(0.3)) this.#restore();
  }

  #restore(): void {
    const store = this.#store;
    store.restore(this.#random.below(store.revision + 1));
    this.#transaction = null;
  }

  /** One message arrives: the longest the follower waits for, or one of those that nobody waits for. */
  #deliver(): void {
    if (this.#refresh !== null && this.#random.chance(0.5)) {
      const snapshot = this.#refresh;
      this.#refresh = null;
      this.#tell({ kind: 'refreshed', snapshot, known: this.#core.size });
    } else if (this.#read !== null) {
      const snapshot = this.#read;
      this.#read = null;
      this.#tell({ kind: 'read', snapshot, known: this.#core.size, tookMs: 0 });
    } else if (this.#wantsRead) {
      this.#wantsRead = false;
      if (this.#random.chance(0.3)) this.#tell({ kind: 'read-failed', message: 'no answer' });
      else this.#read = this.#store.snapshot();
    } else if (this.#isPausing) {
      this.#isPausing = false;
      this.#tell({ kind: 'paused' });
    } else {
      // Silence ends a watch, at last.
      if (this.#isHalfOpen) this.#store.disconnect();
      this.#isHalfOpen = false;
      const word = this.#store.stream?.shift();
      if (word?.kind === 'ended') this.#store.stream = null;
      if (word !== undefined) this.#tell(word);
    }
  }

  #tell(event: FollowEvent): void {
    this.#log(() => `follow hears ${JSON.stringify(event)}`);
    for (const action of this.#follow.step(event)) this.#do(action);
  }

  #do(action: FollowAction): void {
    this.#log(() => `  does ${action.kind}`);
    switch (action.kind) {
      case 'read':
        this.#wantsRead = true;
        this.#read = null;
        break;
      case 'watch':
        this.#store.watch(action.revision, this.#cluster);
        break;
      case 'unwatch':
        this.#store.stream = null;
        break;
      case 'pause':
        this.#isPausing = true;
        break;
      case 'load':
        this.#load(action.snapshot, action.comparable);
        break;
      case 'changes':
        for (const { key, value, revision } of action.changes) {
          this.#learn(key, value, revision);
          this.#supersede(key, value, revision);
        }
        this.#serve(this.#core.advance(action.revision, action.changes, 0));
        break;
      case 'progress':
        this.#serve(this.#core.advance(action.revision, [], 0));
        break;
      case 'doubt':
      case 'trouble':
        break;
    }
  }

  /** A write of others that was heard ends what was made here before it. */
  #supersede(key: string, value: string | null, revision: number): void {
    const made = this.#made.get(key);
    const write = `${this.#cluster} ${key}@${revision}`;
    if (made === undefined || revision <= made.since || !this.#foreignWrites.has(write)) return;
    // Heard after a later write of ours to the same key, which was planned before what was made here.
    const isOvertaken = this.#ownWrites.some((own) => own.revision > revision && own.writes.some((w) => w.key === key));
    const isAmbiguous = this.#ambiguous.has(write) || (value === null && this.#doubtful.has(key));
    if (isOvertaken || isAmbiguous) made.isUnsure = true;
    else this.#made.delete(key);
  }

  #load(snapshot: Snapshot, comparable: boolean): void {
    const before = this.#core.revision;
    const continues = comparable && this.#core.isLoaded;
    for (const { key } of snapshot.entries) {
      const upstream = key.split('/')[1] ?? '';
      if (key.startsWith('upstreams/') && this.#replacedUnseen.has(upstream) && !this.#made.has(key)) {
        this.#made.set(key, { value: null, since: snapshot.revision, isUnsure: false });
      }
    }
    this.#replacedUnseen.clear();
    if (this.#forgotten > 0) for (const made of this.#made.values()) made.isUnsure = true;
    if (snapshot.revision >= this.#forgotten || snapshot.cluster !== this.#cluster) this.#forgotten = 0;
    this.#wasRead = true;
    const present = new Set(snapshot.entries.map((entry) => entry.key));
    for (const [key, made] of this.#made) {
      const known = this.#known.get(key)?.value ?? null;
      if (!continues) made.since = snapshot.revision;
      if (!continues) made.isUnsure ||= this.#core.isLoaded && meansTheSame(key, made.value, known);
      else if (!present.has(key) && (this.#foreign.get(`${snapshot.cluster} ${key}`) ?? 0) > before)
        made.isUnsure = true;
    }
    if (continues) for (const { key, value, revision } of snapshot.entries) this.#supersede(key, value, revision);
    else this.#ownWrites = [];
    this.#cluster = snapshot.cluster;
    this.#known.clear();
    this.#gone.clear();
    for (const { key, value, revision } of snapshot.entries) this.#known.set(key, { value, revision });
    for (const own of this.#ownWrites.filter(({ revision }) => revision > snapshot.revision)) {
      for (const { key, value } of own.writes) this.#learn(key, value, own.revision);
    }
    this.#serve(this.#core.load(snapshot, comparable, 0));
  }

  #serve(effects: Effects): void {
    for (const change of effects.changes) {
      const item = itemOf(change);
      if (isRemoval(change)) this.#served.delete(item);
      else this.#served.set(item, change);
    }
    this.#judge();
    if (effects.changes.length === 0) return;
    this.#tables[++this.#sequence] = sortedTable(this.#served.values()).join('\n');
    this.#worker.tell(this.#sequence, effects.changes);
  }

  /** A document that names what does not exist waits, if the one before it does not. */
  #judge(): void {
    const memory = this.#memory();
    const upstreams = new Set(
      Array.from(memory.keys(), (key) => (key.startsWith('upstreams/') ? key.split('/')[1] : '')),
    );
    const works = (text: string): boolean => {
      const name = /"servername":"([^":]+)"/.exec(text)?.[1];
      return name === undefined || upstreams.has(name);
    };
    for (const domain of DOMAINS) {
      const key = `rules/${domain}`;
      const newest = memory.get(key);
      const before = this.#inForce.get(key);
      if (newest === undefined || newest.startsWith('{"init": ')) this.#inForce.delete(key);
      else if (before === undefined || works(newest) || !works(before)) this.#inForce.set(key, newest);
    }
  }

  /** Memory, as a dump would make the store: what the core was told of the store, and the dump over it. */
  #memory(): Map<string, string> {
    const memory = new Map(Array.from(this.#known, ([key, { value }]) => [key, value]));
    for (const { key, value } of this.#core.dump()) {
      if (value === null) memory.delete(key);
      else memory.set(key, value);
    }
    return memory;
  }

  #learn(key: string, value: string | null, revision: number): void {
    if (Math.max(this.#known.get(key)?.revision ?? 0, this.#gone.get(key) ?? 0) >= revision) return;
    this.#gone.delete(key);
    if (value === null) {
      this.#known.delete(key);
      this.#gone.set(key, revision);
    } else this.#known.set(key, { value, revision });
  }

  /** What the core was told is the store's state at the core's revision, and our own writes after it. */
  #checkKnown(): void {
    const { revision, isLoaded } = this.#core;
    if (!isLoaded || this.#cluster !== this.#store.cluster || this.#forgotten > 0) return;
    const known = Object.fromEntries(this.#store.at(revision));
    for (const own of this.#ownWrites) {
      if (own.revision <= revision) continue;
      for (const { key, value } of own.writes) {
        if (value === null) delete known[key];
        else known[key] = { value, revision: own.revision };
      }
    }
    expect(isDeepStrictEqual(Object.fromEntries(this.#known), known), 'what the core was told').to.equal(true);
  }

  /** The table that came about change by change is the one that a fresh start would make. */
  #checkServed(): void {
    this.#checkKnown();
    const fresh = new SyncCore(KINDS);
    for (const [host, addresses] of this.#addresses) fresh.resolved(host, addresses, 0);
    const entries = Array.from(this.#memory(), ([key, value]) => ({ key, value, revision: 1 }));
    fresh.load({ revision: 1, cluster: '', entries }, true, 0);
    const expected = fresh.table().map((change) => {
      const document = change.kind === 'domain' ? this.#inForce.get(`rules/${change.name}`) : undefined;
      return document === undefined ? change : { ...change, document };
    });
    const text = sortedTable(expected).join('\n');
    expect(sortedTable(this.#served.values()).join('\n')).to.equal(text);
    expect(sortedTable(this.#core.table()).join('\n')).to.equal(text);
  }

  /** Delivers until nothing is on its way. */
  #comeToRest(): void {
    const transaction = this.#transaction;
    if (transaction?.revision !== undefined && transaction.cluster === this.#store.cluster) this.#answer(transaction);
    this.#transaction = null;
    const isAtRest = () => {
      const words = this.#store.stream?.length ?? 0;
      const waits = this.#wantsRead || this.#isPausing || this.#read !== null || this.#refresh !== null;
      return words === 0 && !waits && this.#forgotten === 0 && this.#follow.revision === this.#store.revision;
    };
    for (let i = 0; !isAtRest(); i++) {
      if (i > 500) throw new Error('it does not come to rest');
      if (this.#store.stream?.length === 0) this.#store.progress();
      this.#deliver();
      if (this.#forgotten > 0) this.#reconcile();
    }
    this.#log(() => 'at rest');
  }

  /** Each key is what was made here last, or what others wrote after that. */
  #checkMemory(): void {
    const memory = this.#memory();
    for (const key of new Set([...memory.keys(), ...this.#made.keys(), ...this.#store.now.keys()])) {
      const made = this.#made.get(key);
      const stored = this.#store.now.get(key)?.value ?? null;
      const value = memory.get(key) ?? null;
      const allowed = made === undefined ? [stored] : made.isUnsure ? [made.value, stored] : [made.value];
      const isAllowed = allowed.some((one) => meansTheSame(key, one, value) || this.#isLastGood(key, one, value));
      expect(isAllowed, `${key} is ${value}, not ${allowed.join(' or ')}`).to.equal(true);
    }
  }

  /** Instead of a bad value: one that was good before. */
  #isLastGood(key: string, bad: string | null, value: string | null): boolean {
    if (bad === null || value === null || bad === value) return false;
    if (!key.startsWith('upstreams/'))
      return bad.startsWith('{"init": ') && this.#goodEver.get(key)?.has(value) === true;
    return bad.startsWith('bogus') && value.startsWith('weight');
  }

  #dumpAll(): void {
    for (let i = 0; ; i++) {
      const writes = this.#nextBatch();
      if (writes.length === 0) return;
      if (i > 50) throw new Error('the dump does not end');
      this.#core.writing(writes);
      const revision = this.#store.write(writes);
      expect(revision, 'nobody else writes').to.not.equal(null);
      if (revision !== null) this.#noteOwn(revision, writes);
      this.#serve(this.#core.written(writes, revision, 0));
    }
  }

  /** The store is what is served, and nothing is left over, before and after the news of the dump itself. */
  #checkDumped(): void {
    const stored = () => Object.fromEntries(Array.from(this.#store.now, ([key, { value }]) => [key, value]));
    const served = sortedTable(this.#served.values());
    expect(Object.fromEntries(this.#memory())).to.deep.equal(stored());
    expect(this.#core.overlays).to.equal(0);
    this.#comeToRest();
    this.#checkServed();
    expect(sortedTable(this.#served.values())).to.deep.equal(served);
    expect(this.#core.overlays).to.equal(0);
  }

  #log(line: () => string): void {
    this.trace?.push(line());
  }
}

function sortedTable(changes: Iterable<TableChange>): readonly string[] {
  return Array.from(changes, (change) => JSON.stringify(change)).toSorted();
}
