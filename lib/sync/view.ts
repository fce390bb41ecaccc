import type { Change, Entry, Snapshot, Write } from '../store/store.ts';
import { directoryOf, Fingerprints } from './fingerprints.ts';
import { meansTheSame } from './meaning.ts';
import { Overlays } from './overlays.ts';
import type { KeptOverlay } from './overlays.ts';
import { OwnWrites } from './own-writes.ts';
import { StoredDigests } from './stored-digests.ts';
import { Unkept } from './unkept.ts';

/** What was changed here of some keys, as it was at some time. */
export type Replaced = ReadonlyMap<string, number | undefined>;

/**
 * Memory: what the store holds, and over it what was changed here and is not dumped yet.
 *
 * - A change made here wins for its key until the key is written or removed in the store at a later revision.
 * - A change that says what the store says already is no change.
 * - Our own writes come back as news; they are recognised and supersede only what they wrote.
 *
 * Every method that may change a value answers the keys whose value is now another.
 */
export class View {
  #stored = new Map<string, Entry>();
  readonly #overlay = new Overlays();
  /** Forgotten once a dump found everything in the store. */
  readonly #own = new OwnWrites();
  /** Revision up to which the store is known; -1 before the first load. */
  #revision = -1;
  /** Revision of our own last write, which may not have been told yet; and what our own writes removed that were not. */
  #written = -1;
  readonly #removed = new Map<string, number>();
  #cluster = '';
  readonly #digests = new StoredDigests();
  readonly #unkept = new Unkept();
  /** Revision at which memory last changed, by directory, and at which it was loaded as a whole. */
  readonly #changedAt = new Map<string, number>();
  #loadedAt = -1;

  get revision(): number {
    return this.#revision;
  }

  get isLoaded(): boolean {
    return this.#revision >= 0;
  }

  /** The store at the last revision, to be kept; null while a write of ours is ahead of that. */
  takeSnapshot(): Snapshot | null {
    if (!this.isLoaded || this.#isAhead) return null;
    this.#unkept.keptAll();
    return { revision: this.#revision, cluster: this.#cluster, entries: [...this.#stored.values()] };
  }

  /** Keys whose entry is different since the last call of either; null where only the snapshot tells, or a write of ours is ahead. */
  takeUnkept(): ReadonlySet<string> | null {
    return this.#isAhead ? null : this.#unkept.take();
  }

  /** What the store holds of a key, or that it does not. */
  entry(key: string): Change {
    return this.#stored.get(key) ?? { key, value: null, revision: this.#revision };
  }

  /** Whether this is what was known of the store at the snapshot's revision; null: that is not known yet, or not any more. */
  agrees({ cluster, revision, entries }: Snapshot): boolean | null {
    if (!this.isLoaded || revision > this.#revision) return null;
    return cluster === this.#cluster ? this.#digests.agree(revision, entries) : false;
  }

  /** Number of keys of the store. */
  get size(): number {
    return this.#stored.size;
  }

  get overlaid(): ReadonlyMap<string, { readonly value: string | null }> {
    return this.#overlay.all;
  }

  /** What was changed here and the store does not say; null: removed. */
  unwritten(): ReadonlyMap<string, string | null> {
    const overlays = Array.from(this.#overlay.all, ([key, { value }]) => [key, value] as const);
    return new Map(overlays.filter(([key, value]) => this.writeOf(key, value) !== null));
  }

  get(key: string): string | null {
    const overlay = this.#overlay.get(key);
    return overlay === undefined ? this.stored(key) : overlay.value;
  }

  stored(key: string): string | null {
    return this.#stored.get(key)?.value ?? null;
  }

  /** Hashes at most so many entries of the first load. */
  hashSome(most: number): void {
    this.#digests.hashSome(most);
  }

  get isHashed(): boolean {
    return this.#digests.isHashed;
  }

  /** Hash of what the store holds. */
  get hash(): string {
    return this.#digests.prints.text(null);
  }

  /** Hash of memory: of one directory, or (null) of all. */
  tag(directory: string | null): string {
    const prints = new Fingerprints(this.#digests.prints);
    for (const [key, { value }] of this.#overlay.all) prints.move(key, this.stored(key), value);
    return prints.text(directory);
  }

  /** Whether a directory, or (null) everything, is known to be as the store had it at a revision. */
  isUnchangedSince(revision: number, directory: string | null): boolean {
    const isMeant = (other: string): boolean => directory === null || directory === other;
    for (const key of this.#overlay.all.keys()) if (isMeant(directoryOf(key))) return false;
    const changes = [...this.#changedAt].filter(([other]) => isMeant(other)).map(([, at]) => at);
    return Math.max(this.#loadedAt, ...changes) <= revision;
  }

  /** The write that makes the store hold `value`, or null if it says that already. */
  writeOf(key: string, value: string | null): Write | null {
    const stored = this.#stored.get(key);
    if (meansTheSame(key, value, stored?.value ?? null)) return null;
    return { key, value, expected: stored?.revision ?? 0 };
  }

  /** An operator's change. */
  put(key: string, value: string | null): string[] {
    return this.#touching([key], () => {
      this.#overlay.set(key, { value, since: Math.max(this.#revision, this.#written), origin: null });
      this.#settle(key);
    });
  }

  /** An operator's change that a process before this one has made. */
  inherit(key: string, { value, since, cluster, stored }: KeptOverlay): string[] {
    return this.#touching([key], () => {
      const isKnown = this.isLoaded && cluster === this.#cluster;
      if (isKnown && (this.#stored.get(key)?.revision ?? 0) > since) return;
      if (isKnown || !this.isLoaded) this.#overlay.set(key, { value, since, origin: { cluster, stored } });
      else this.#overlay.set(key, { value, since: this.#revision, origin: null });
      this.#settle(key);
    });
  }

  /** Overlays that have changed since the last call, as the next process would need them; null: no longer there. */
  takeKept(): readonly (readonly [key: string, kept: KeptOverlay | null])[] {
    return this.#overlay.takeChanged().map((key) => {
      const overlay = this.#overlay.get(key);
      if (overlay === undefined) return [key, null];
      const { value, since, origin } = overlay;
      const { cluster, stored } = origin ?? { cluster: this.#cluster, stored: this.#stored.has(key) };
      return [key, { value, since, cluster, stored }];
    });
  }

  /** All keys of the store at a revision. `comparable`: that continues the revisions told before. */
  load(snapshot: Snapshot, comparable: boolean): string[] {
    const stored = new Map<string, Entry>();
    for (const entry of snapshot.entries) stored.set(entry.key, entry);
    if (!this.isLoaded && this.#overlay.all.size === 0) {
      this.#loadedAt = snapshot.revision;
      this.#adopt(stored, snapshot, comparable);
      this.#digests.begin(snapshot.entries, { revision: snapshot.revision, isKnown: !this.#isAhead });
      return [...stored.keys()];
    }
    if (comparable) this.#keepWritten(stored, snapshot.revision);
    if (snapshot.cluster === this.#cluster) this.#unkept.compare(this.#stored, stored);
    else this.#unkept.addAll();
    const candidates = new Set(this.#overlay.all.keys());
    for (const [key, { value }] of stored) if (this.stored(key) !== value) candidates.add(key);
    for (const key of this.#stored.keys()) if (!stored.has(key)) candidates.add(key);
    const { prints } = this.#digests;
    for (const key of candidates) prints.move(key, this.stored(key), stored.get(key)?.value ?? null);
    if (!comparable || !this.isLoaded) this.#loadedAt = snapshot.revision;
    return this.#touching([...candidates], () => {
      for (const key of this.#overlay.all.keys()) {
        if (this.isLoaded && comparable) this.#supersedeByLoad(key, stored.get(key));
        else this.#anchor(key, snapshot, stored.get(key));
      }
      this.#adopt(stored, snapshot, comparable);
      this.#digests.rewrite(stored.values(), comparable);
      this.#noteDigest();
      for (const key of this.#overlay.all.keys()) this.#settle(key);
    });
  }

  /** All changes of the revisions up to `revision`, or of none. */
  advance(revision: number, changes: readonly Change[]): string[] {
    const keys = changes.map((change) => change.key);
    return this.#touching(keys, () => {
      for (const change of changes) this.#hear(change);
      this.#revision = Math.max(this.#revision, revision);
      if (this.#revision >= this.#written) this.#removed.clear();
      this.#noteDigest();
    });
  }

  /** We are about to write this. */
  writing(writes: readonly Write[]): void {
    this.#own.add(writes);
  }

  /** Our write became a revision, or (null) was refused as a whole. A dump ends with a write of nothing. */
  written(writes: readonly Write[], revision: number | null): string[] {
    const isNews = revision !== null && revision > this.#revision;
    return this.#touching(
      writes.map((write) => write.key),
      () => {
        for (const write of writes) {
          const { key, value } = write;
          if (isNews) this.#hear({ key, value, revision });
          if (isNews && value === null) this.#removed.set(key, revision);
          this.#own.settle(write);
          this.#settle(key);
        }
        if (writes.length === 0) this.#own.clear();
        if (revision !== null) this.#written = Math.max(this.#written, revision);
        this.#noteDigest();
      },
    );
  }

  /** The overlays that there are now for these keys. */
  overlaysOf(keys: readonly string[]): Replaced {
    return new Map(keys.map((key) => [key, this.#overlay.get(key)?.edit]));
  }

  /** What the store was told now stands in for these overlays; those that are newer stay. */
  drop(overlays: Replaced): string[] {
    return this.#touching([...overlays.keys()], () => {
      for (const [key, edit] of overlays) if (this.#overlay.get(key)?.edit === edit) this.#overlay.delete(key);
    });
  }

  get #isAhead(): boolean {
    return this.#written > this.#revision;
  }

  #adopt(stored: Map<string, Entry>, { revision, cluster }: Snapshot, comparable: boolean): void {
    this.#stored = stored;
    this.#revision = revision;
    this.#cluster = cluster;
    if (comparable) return;
    this.#written = -1;
    this.#removed.clear();
  }

  /** While our own last write is ahead of what the store has told, what is known is the state of no single revision. */
  #noteDigest(): void {
    this.#digests.note(this.#revision, !this.#isAhead);
  }

  /** A snapshot may be older than our own last write. */
  #keepWritten(stored: Map<string, Entry>, revision: number): void {
    if (this.#written <= revision) return;
    for (const [key, entry] of this.#stored) if (entry.revision > revision) stored.set(key, entry);
    for (const [key, at] of this.#removed) if (at > revision) stored.delete(key);
  }

  #hear({ key, value, revision }: Change): void {
    const stored = this.#stored.get(key);
    // Older than what we know from the answer to our own write.
    if (Math.max(stored?.revision ?? 0, this.#removed.get(key) ?? 0) >= revision) return;
    const entry = value === null ? null : { key, value, revision };
    this.#digests.change(key, stored, entry);
    this.#unkept.add(key);
    if (entry === null) this.#stored.delete(key);
    else this.#stored.set(key, entry);
    this.#supersede(key, value, revision, stored?.revision ?? 0);
    this.#own.told(key, value);
    this.#settle(key);
  }

  /** A write of the store removes the overlay that is older; our own write only moves it on. */
  #supersede(key: string, value: string | null, revision: number, before: number | null): void {
    const overlay = this.#overlay.get(key);
    if (overlay === undefined || revision <= overlay.since) return;
    if (this.#own.made(key, value, before)) this.#overlay.moveTo(key, revision);
    else this.#overlay.delete(key);
  }

  #supersedeByLoad(key: string, stored: Entry | undefined): void {
    const overlay = this.#overlay.get(key);
    if (overlay === undefined) return;
    if (stored !== undefined) {
      this.#supersede(key, stored.value, stored.revision, null);
      return;
    }
    // Removed since we last heard of it; before the change made here, possibly, if that knew more than we had heard.
    const wasRemoved = this.#stored.has(key) && overlay.since <= this.#revision;
    if (wasRemoved && !this.#own.made(key, null, null)) this.#overlay.delete(key);
  }

  /** What was made before anything was known of this store wins over all it holds; what is inherited, over what it was made over. */
  #anchor(key: string, { cluster, revision }: Snapshot, stored: Entry | undefined): void {
    const overlay = this.#overlay.get(key);
    if (overlay?.origin?.cluster !== cluster) {
      this.#overlay.moveTo(key, revision);
      return;
    }
    const { since, origin } = overlay;
    const wasRemoved = stored === undefined && origin.stored && revision >= since;
    if (wasRemoved || (stored?.revision ?? 0) > since) this.#overlay.delete(key);
  }

  /**
   * Drops an overlay that says what the store says, unless there may be news for the key that is older than the overlay: a
   * write of ours, or one of others that our own last write has overtaken. An overlay that stays for that is harmless.
   */
  #settle(key: string): void {
    const overlay = this.#overlay.get(key);
    if (overlay === undefined || overlay.since > this.#revision || !this.isLoaded || this.#own.has(key)) return;
    if (meansTheSame(key, overlay.value, this.stored(key))) this.#overlay.delete(key);
  }

  #touching(keys: readonly string[], change: () => void): string[] {
    const before = new Map(keys.map((key) => [key, this.get(key)]));
    change();
    const changed = [...before].filter(([key, value]) => this.get(key) !== value).map(([key]) => key);
    for (const key of changed) this.#changedAt.set(directoryOf(key), Math.max(this.#revision, this.#written));
    return changed;
  }
}
