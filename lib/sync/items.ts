import { isRemoval } from '../change.ts';
import type { TableChange } from '../change.ts';
import type { DocumentName } from '../control.ts';
import { Table } from '../table.ts';
import type { DocumentKinds } from './document-kinds.ts';
import { Documents, trusted, type CheckedDocument } from './documents.ts';
import type { Effects, Turn } from './effects.ts';
import { CIRCLE, circleOf, isReference, referenceTo, splitReference } from './circles.ts';
import { documentKey, placeOf, type Place } from './keys.ts';
import type { Held, Rejection, Reports } from './reports.ts';
import { ServerLists } from './server-lists.ts';

interface Prepared {
  readonly key: string;
  readonly place: Place & { readonly kind: 'document' };
  readonly value: string;
  readonly checked: CheckedDocument;
}

/** What the keys of memory stand for: documents and lists of servers, of each what is in force, and what the data plane was told. */
export class Items {
  readonly reports: Reports = {
    rejected: new Map<string, Rejection>(),
    held: new Map<string, Held>(),
    dangling: new Map<string, readonly string[]>(),
  };
  readonly documents: ReadonlyMap<DocumentName, Documents>;
  readonly lists: ServerLists;
  /** By key, the values of documents that close a circle. */
  readonly #circular = new Map<string, string | null>();
  /** Documents that are expected, in the order of their keys, in which they come, and what came of their check. */
  #prepared: Prepared[] = [];
  /** Index of the one that is expected next. */
  #next = 0;
  /** What the data plane has. */
  readonly told = new Table();

  constructor(kinds: DocumentKinds) {
    this.documents = new Map(
      Array.from(kinds, ([of, kind]) => [
        of,
        new Documents(kind, this.reports, (reference, needs) => this.circle(reference, needs)),
      ]),
    );
    this.lists = new ServerLists(this.reports.rejected);
  }

  /** A key has another value. `needs`: what it needs, if it has passed its check before. */
  update(key: string, value: string | null, turn: Turn, now: number, needs: readonly string[] | null = null): void {
    const prepared = this.#takePrepared(key);
    const place = prepared?.place ?? placeOf(key);
    if (place === null) return;
    const { rejected } = this.reports;
    const wasRejected = rejected.size > 0 && rejected.has(key);
    if (place.kind === 'document') {
      const checked = prepared?.value === value ? prepared.checked : needs && trusted(needs);
      this.documents.get(place.of)?.update(place.name, value, now, checked);
      if (rejected.size > 0 && this.#closesCircle(key)) this.#circular.set(key, value);
      else if (this.#circular.size > 0) this.#circular.delete(key);
      turn.documents.set(key, place);
    } else {
      for (const host of this.lists.update(place.upstream, place.server, value, now)) turn.hosts.add(host);
      turn.upstreams.add(place.upstream);
    }
    if (rejected.size > 0 && rejected.has(key)) turn.rejected.push(key);
    else if (wasRejected && value !== null) turn.accepted.push(key);
  }

  /**
   * Checks what a key may be about to say. Answers what will then probably be told of an item: of a domain, or of the upstream before, if
   * another one begins with this key.
   */
  prepare(key: string, value: string): TableChange | null {
    const place = placeOf(key);
    if (place === null) return null;
    if (place.kind === 'server') return this.lists.prepare(place.upstream, place.server, value);
    const documents = this.documents.get(place.of);
    if (documents === undefined || documents.newest(place.name) === value) return null;
    const checked = documents.check(place.name, value);
    // They are read again from the beginning.
    if (key <= (this.#prepared.at(-1)?.key ?? '')) this.#forgetDocuments();
    this.#prepared.push({ key, place, value, checked });
    const isGood = checked.problems.length === 0 && !checked.upstreams.some(isReference);
    return isGood && place.of === 'domain' ? documents.kind.change(place.name, value) : null;
  }

  /** What a value needs that has passed its check; null: it has not, or is none that is checked on its own. */
  needsOf(key: string, value: string): readonly string[] | null {
    const place = placeOf(key);
    return place?.kind === 'document' ? (this.documents.get(place.of)?.needsOf(place.name, value) ?? null) : null;
  }

  forgetPrepared(): void {
    this.#forgetDocuments();
    this.lists.forgetPrepared();
  }

  #forgetDocuments(): void {
    this.#prepared = [];
    this.#next = 0;
  }

  /** What was prepared of a key, unless it comes out of order: then it is checked once more. */
  #takePrepared(key: string): Prepared | undefined {
    while (this.#next < this.#prepared.length) {
      const expected = this.#prepared[this.#next];
      if (expected === undefined || expected.key > key) return undefined;
      this.#next++;
      if (expected.key === key) return expected;
    }
    return undefined;
  }

  /** Documents that were refused because they closed a circle: another change may have opened it. */
  #lookAgain(turn: Turn, now: number): void {
    if (turn.documents.size === 0) return;
    // Looking at one may put it in again.
    const again = [...this.#circular];
    for (const [key, value] of again) this.update(key, value, turn, now);
  }

  #closesCircle(key: string): boolean {
    return this.reports.rejected.get(key)?.reason.startsWith(CIRCLE) === true;
  }

  /** What follows from all that a turn has touched. `since`: by key, what is already known to be refused or to wait. */
  effects(turn: Turn, now: number, since: ReadonlyMap<string, number> = new Map()): Effects {
    this.#lookAgain(turn, now);
    const { documents, hosts, rejected, accepted } = turn;
    const upstreams = Array.from(turn.upstreams, (name) => this.lists.change(name));
    // Where nothing is in force yet, every document is among those that were touched.
    if (!this.told.isEmpty) {
      for (const change of upstreams) this.#touchUsers(change, turn);
      this.#touchUsersOfDocuments(turn);
    }
    const { held, dangling } = this.reports;
    const keys = [...documents.keys()];
    const wereHeld = new Set(keys.filter((key) => held.has(key)));
    const wereDangling = new Set(keys.filter((key) => dangling.has(key)));
    const exists = (reference: string): boolean => this.has(reference);
    const changes = upstreams.filter((change) => this.told.put(change));
    for (const [key, { of, name }] of documents) {
      for (const change of this.settle(of, name, exists, since.get(key) ?? now))
        if (this.told.put(change)) changes.push(change);
    }
    return {
      changes,
      hosts: [...hosts],
      rejected,
      accepted,
      held: keys.filter((key) => held.has(key) && !wereHeld.has(key)),
      released: [...wereHeld].filter((key) => !held.has(key)),
      dangling: keys.filter((key) => dangling.has(key) && !wereDangling.has(key)),
    };
  }

  /** Documents that name an upstream which came into being, or went, are looked at again. */
  #touchUsers(change: TableChange, turn: Turn): void {
    if (isRemoval(change) === (this.told.get(change) === undefined)) return;
    for (const [of, documents] of this.documents) {
      for (const name of documents.users(change.name)) turn.documents.set(documentKey(of, name), { of, name });
    }
  }

  /** The same for documents that others need. */
  #touchUsersOfDocuments(turn: Turn): void {
    for (const { of, name } of turn.documents.values()) {
      const documents = this.documents.get(of);
      if (documents === undefined || (of !== 'domain' && of !== 'graph')) continue;
      const before = this.told.get({ kind: of, name, document: null });
      if ((before?.kind === of) === documents.has(name)) continue;
      const reference = referenceTo(documents.kind, name);
      for (const [kind, others] of this.documents)
        for (const user of others.users(reference))
          turn.documents.set(documentKey(kind, user), { of: kind, name: user });
    }
  }

  /** Whether there is what a document needs: an upstream, or another document. */
  has(reference: string): boolean {
    if (!isReference(reference)) return this.lists.has(reference);
    const [of, name] = splitReference(reference);
    return of !== null && this.documents.get(of)?.hasAny(name) === true;
  }

  /** What a document needs. */
  needs(reference: string): readonly string[] {
    const [of, name] = splitReference(reference);
    return of === null ? [] : (this.documents.get(of)?.needs(name) ?? []);
  }

  /** The circle that a document would close; null: none. */
  circle(reference: string, needs: readonly string[]): string | null {
    return circleOf(reference, needs, (other) => this.needs(other));
  }

  /** What the data plane should have of a document. */
  settle(of: DocumentName, name: string, exists: (upstream: string) => boolean, now: number): readonly TableChange[] {
    const change = this.documents.get(of)?.settle(name, exists, now);
    return change === undefined ? [] : [change];
  }

  /** The newest good value of a key. */
  lastGood(key: string): string | null {
    const place = placeOf(key);
    if (place?.kind !== 'document') return this.inForce(key);
    return this.documents.get(place.of)?.newest(place.name) ?? null;
  }

  inForce(key: string): string | null {
    const place = placeOf(key);
    if (place === null) return null;
    if (place.kind === 'server') return this.lists.good(place.upstream, place.server);
    return this.documents.get(place.of)?.inForce(place.name) ?? null;
  }
}
