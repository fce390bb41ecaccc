import type { TableChange } from '../change.ts';
import type { DocumentName, ItemKind, ServerView } from '../control.ts';
import type { GiveWay } from '../core/give-way.ts';
import type { Image, ImageNews, NeedsOf } from '../store/image.ts';
import type { Change, Entry, Snapshot, Write } from '../store/store.ts';
import type { Table } from '../table.ts';
import type { Address } from '../upstream/resolve.ts';
import type { DocumentKinds } from './document-kinds.ts';
import type { Edit } from './edits.ts';
import { Turn } from './effects.ts';
import type { Effects } from './effects.ts';
import { Items } from './items.ts';
import { documentKey, placeOf, serverKey } from './keys.ts';
import type { KeptOverlay } from './overlays.ts';
import type { Held, Rejection } from './reports.ts';
import { Substitutes } from './substitutes.ts';
import { View } from './view.ts';
import type { Replaced } from './view.ts';

/**
 * The control plane's state: (state, event) -> effects, without clock, store or network.
 *
 * ```
 *  store news --> View (stored, and over it what was changed here)
 *  mutations  -->   |  keys whose value changed
 *                   v
 *                 Items: documents, lists of servers (each item's last good version, addresses)  <-- resolutions
 *                   |  items that are different in force
 *                   v
 *                 table, and the changes that lead to it
 * ```
 *
 * An event costs in proportion to what it changes, except for `load`, which compares everything.
 */
export class SyncCore {
  readonly #view: View;
  readonly #items: Items;
  readonly #substitutes: Substitutes;
  readonly #needsOf: NeedsOf = (key, value) => this.#items.needsOf(key, value);
  /** Upstreams that were replaced here before the store was known. */
  readonly #replacedUnseen = new Set<string>();

  constructor(kinds: DocumentKinds, view = new View()) {
    this.#view = view;
    this.#items = new Items(kinds);
    this.#substitutes = new Substitutes(this.#items, view);
  }

  /** By key: values of the store that cannot be used. */
  get rejected(): ReadonlyMap<string, Rejection> {
    return this.#items.reports.rejected;
  }

  /** By key: documents that wait for upstreams, while a former version is in force. */
  get held(): ReadonlyMap<string, Held> {
    return this.#items.reports.held;
  }

  /** By key: documents in force, with the upstreams that they name and that do not exist. */
  get dangling(): ReadonlyMap<string, readonly string[]> {
    return this.#items.reports.dangling;
  }

  get isLoaded(): boolean {
    return this.#view.isLoaded;
  }

  get revision(): number {
    return this.#view.revision;
  }

  /** Whether what was known at the snapshot's revision is the snapshot; null: that cannot be said. */
  agrees(snapshot: Snapshot): boolean | null {
    return this.#view.agrees(snapshot);
  }

  /** Whether the hash of what the store holds is known; else whoever asks for it waits until all is hashed. */
  get isHashed(): boolean {
    return this.#view.isHashed;
  }

  /** Hashes at most so many entries of the first load. */
  hashSome(most: number): void {
    this.#view.hashSome(most);
  }

  /** Number of keys of the store. */
  get size(): number {
    return this.#view.size;
  }

  /** Number of keys that were changed here and are not in the store. */
  get overlays(): number {
    return this.overlaid().size;
  }

  /** Those keys and their values; null: removed. */
  overlaid(): ReadonlyMap<string, string | null> {
    return this.#view.unwritten();
  }

  /** Takes over an operator's change from the process before. */
  inherit(key: string, kept: KeptOverlay, now: number): Effects {
    const turn = new Turn();
    this.#take(this.#view.inherit(key, kept), turn, now);
    return this.#items.effects(turn, now);
  }

  /** Operators' changes as the next process would need them, where that is different now; null: no longer. */
  takeKept(): readonly (readonly [key: string, kept: KeptOverlay | null])[] {
    return this.#view.takeKept();
  }

  /** Begins with what was known at the end of a former life. */
  restore(image: Image, now: number): Effects {
    const turn = new Turn();
    const since = new Map(image.substitutes.map((substitute) => [substitute.key, substitute.since]));
    for (const { key, lastGood } of image.substitutes)
      if (lastGood !== null) this.#items.update(key, lastGood, turn, now);
    // They were in force, whatever they name.
    for (const [key, { of, name }] of turn.documents) this.#items.settle(of, name, () => true, since.get(key) ?? now);
    for (const key of this.#view.load(image, true)) {
      const at = since.get(key);
      const value = this.#view.get(key);
      const needs = at === undefined && value !== null ? image.needsOf(key, value) : null;
      this.#items.update(key, value, turn, at ?? now, needs);
    }
    return this.#items.effects(turn, now, since);
  }

  /** What is to be known at the beginning of the next life, to be kept; null while the store is not known at any one revision. */
  takeImage(now: number): Image | null {
    const snapshot = this.#view.takeSnapshot();
    if (snapshot === null) return null;
    return { ...snapshot, substitutes: this.#substitutes.take(now), needsOf: this.#needsOf };
  }

  /** What is different of it since the last call of either; null where only the image tells, or there is none. */
  takeNews(now: number): ImageNews | null {
    const keys = this.#view.takeUnkept();
    if (keys === null) return null;
    const { all, released } = this.#substitutes.takeNews(now);
    const changes = Array.from(new Set([...keys, ...released]), (key) => this.#view.entry(key));
    return { revision: this.revision, changes, substitutes: all, needsOf: this.#needsOf };
  }

  /** Gets ready for entries that a load may be about to bring. Answers what the table will probably be made of: a guess. */
  arriving(entries: readonly Entry[]): readonly TableChange[] {
    const expected: TableChange[] = [];
    for (const { key, value } of entries) {
      const change = this.#items.prepare(key, value);
      if (change !== null) expected.push(change);
    }
    return expected;
  }

  load(snapshot: Snapshot, comparable: boolean, now: number): Effects {
    const made = new Set(this.#replacedUnseen.size > 0 ? this.#view.overlaid.keys() : []);
    const turn = new Turn();
    this.#take(this.#view.load(snapshot, comparable), turn, now);
    this.#replaceUnseen(snapshot, made, turn, now);
    this.#items.forgetPrepared();
    return this.#items.effects(turn, now);
  }

  /** `giveWay`: said between its steps. */
  advance(revision: number, changes: readonly Change[], now: number, giveWay: GiveWay = () => undefined): Effects {
    const turn = new Turn();
    const keys = this.#view.advance(revision, changes);
    giveWay();
    this.#take(keys, turn, now);
    giveWay();
    return this.#items.effects(turn, now);
  }

  edit(edits: readonly Edit[], now: number): Effects {
    const turn = new Turn();
    for (const edit of edits) {
      // Each edit meets what the one before has done.
      for (const [key, value] of this.keysOf(edit)) this.#take(this.#view.put(key, value), turn, now);
      if (edit.kind === 'upstream' && !this.isLoaded) this.#replacedUnseen.add(edit.name);
    }
    return this.#items.effects(turn, now);
  }

  resolved(host: string, addresses: readonly Address[], now: number): Effects {
    const turn = new Turn();
    for (const name of this.#items.lists.resolved(host, addresses)) turn.upstreams.add(name);
    return this.#items.effects(turn, now);
  }

  /** Forgets the addresses of a name that nobody uses. */
  forget(host: string): void {
    this.#items.lists.forget(host);
  }

  uses(host: string): boolean {
    return this.#items.lists.uses(host);
  }

  /**
   * What makes the store equal to memory, writes before removals: the changes made here, and the last good version of
   * what the store holds a bad one of.
   */
  dump(): readonly Write[] {
    const wanted = new Map<string, string | null>();
    for (const key of this.#items.reports.rejected.keys()) {
      const text = this.#items.lastGood(key);
      if (text !== null) wanted.set(key, text);
    }
    for (const [key, { value }] of this.#view.overlaid) wanted.set(key, value);
    const writes = [...wanted].map(([key, value]) => this.#view.writeOf(key, value)).filter((write) => write !== null);
    return [...writes.filter((write) => write.value !== null), ...writes.filter((write) => write.value === null)];
  }

  writing(writes: readonly Write[]): void {
    this.#view.writing(writes);
  }

  /** `replaced`: overlays that what was written stands in for. */
  written(writes: readonly Write[], revision: number | null, now: number, replaced?: Replaced): Effects {
    const turn = new Turn();
    this.#take(this.#view.written(writes, revision), turn, now);
    if (replaced !== undefined) this.#take(this.#view.drop(replaced), turn, now);
    return this.#items.effects(turn, now);
  }

  /** Items that the data plane has. */
  get sizes(): Table['sizes'] {
    return this.#items.told.sizes;
  }

  table(): readonly TableChange[] {
    return this.#items.told.whole();
  }

  /** The documents of a kind that are in force. */
  documents(of: DocumentName): Readonly<Record<string, unknown>> {
    return this.#items.documents.get(of)?.values() ?? {};
  }

  /** A document as the data plane has it; null: it has none. */
  inForce(of: DocumentName, name: string): unknown {
    const text = this.#items.documents.get(of)?.inForce(name) ?? null;
    return text === null ? null : JSON.parse(text);
  }

  hasDocument(of: DocumentName, name: string): boolean {
    return this.#items.documents.get(of)?.has(name) ?? false;
  }

  upstreams(): Readonly<Record<string, readonly ServerView[]>> {
    return this.#items.lists.views();
  }

  serverTexts(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    return this.#items.lists.texts();
  }

  names(kind: ItemKind): readonly string[] {
    return (kind === 'upstream' ? this.#items.lists : this.#items.documents.get(kind))?.names ?? [];
  }

  item(kind: ItemKind, name: string): unknown {
    if (kind === 'upstream') return this.#items.lists.text(name);
    return this.#items.documents.get(kind)?.value(name);
  }

  /** What a document needs, by the reference to it. */
  needs(reference: string): readonly string[] {
    return this.#items.needs(reference);
  }

  /** The names of a kind's documents that mean the same as `name`, however they are spelled. */
  spellings(of: DocumentName, name: string): Iterable<string> {
    return this.#items.documents.get(of)?.spellings(name) ?? [];
  }

  hasUpstream(name: string): boolean {
    return this.#items.lists.has(name);
  }

  /** Every key that an edit means to hold something, or nothing. */
  keysOf(edit: Edit): (readonly [string, string | null])[] {
    if (edit.kind === 'document') return [[documentKey(edit.of, edit.name), edit.text]];
    const keys = new Map<string, string | null>();
    for (const server of this.#items.lists.keysOf(edit.name)) keys.set(serverKey(edit.name, server), null);
    for (const [server, text] of edit.servers ?? []) keys.set(serverKey(edit.name, server), text);
    if (edit.servers?.size === 0) keys.set(serverKey(edit.name, ''), '');
    return [...keys];
  }

  /** Servers of upstreams that were replaced before the store was known: what it holds of them is replaced, too. */
  #replaceUnseen(snapshot: Snapshot, made: ReadonlySet<string>, turn: Turn, now: number): void {
    if (this.#replacedUnseen.size === 0) return;
    for (const { key } of snapshot.entries) {
      const place = placeOf(key);
      if (place?.kind !== 'server' || !this.#replacedUnseen.has(place.upstream)) continue;
      if (!made.has(key)) this.#take(this.#view.put(key, null), turn, now);
    }
    this.#replacedUnseen.clear();
  }

  /** Lets the items know of keys whose value has changed. */
  #take(keys: readonly string[], turn: Turn, now: number): void {
    for (const key of keys) this.#items.update(key, this.#view.get(key), turn, now);
  }
}
