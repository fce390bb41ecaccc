import { isRemoval } from '../change.ts';
import type { TableChange } from '../change.ts';
import type { DocumentName } from '../control.ts';
import { Table } from '../table.ts';
import type { DocumentKinds } from './document-kinds.ts';
import { Documents } from './documents.ts';
import type { Effects, Turn } from './effects.ts';
import { documentKey, placeOf } from './keys.ts';
import type { Held, Rejection, Reports } from './reports.ts';
import { ServerLists } from './server-lists.ts';

/** What the keys of memory stand for: documents and lists of servers, of each what is in force, and what the data plane was told. */
export class Items {
  readonly reports: Reports = {
    rejected: new Map<string, Rejection>(),
    held: new Map<string, Held>(),
    dangling: new Map<string, readonly string[]>(),
  };
  readonly documents: ReadonlyMap<DocumentName, Documents>;
  readonly lists: ServerLists;
  /** What the data plane has. */
  readonly told = new Table();

  constructor(kinds: DocumentKinds) {
    this.documents = new Map(Array.from(kinds, ([of, kind]) => [of, new Documents(kind, this.reports)]));
    this.lists = new ServerLists(this.reports.rejected);
  }

  /** A key has another value. `isChecked`: a value that has passed its check before. */
  update(key: string, value: string | null, turn: Turn, now: number, isChecked = false): void {
    const place = placeOf(key);
    if (place === null) return;
    const wasRejected = this.reports.rejected.has(key);
    if (place.kind === 'document') {
      this.documents.get(place.of)?.update(place.name, value, now, isChecked);
      turn.documents.set(key, place);
    } else {
      for (const host of this.lists.update(place.upstream, place.server, value, now)) turn.hosts.add(host);
      turn.upstreams.add(place.upstream);
    }
    if (this.reports.rejected.has(key)) turn.rejected.push(key);
    else if (wasRejected && value !== null) turn.accepted.push(key);
  }

  /** What follows from all that a turn has touched. `since`: by key, what is already known to be refused or to wait. */
  effects(turn: Turn, now: number, since: ReadonlyMap<string, number> = new Map()): Effects {
    const { documents, hosts, rejected, accepted } = turn;
    const upstreams = Array.from(turn.upstreams, (name) => this.lists.change(name));
    for (const change of upstreams) this.#touchUsers(change, turn);
    const { held, dangling } = this.reports;
    const keys = [...documents.keys()];
    const wereHeld = new Set(keys.filter((key) => held.has(key)));
    const wereDangling = new Set(keys.filter((key) => dangling.has(key)));
    const exists = (upstream: string): boolean => this.lists.has(upstream);
    const settled = Array.from(documents, ([key, { of, name }]) =>
      this.settle(of, name, exists, since.get(key) ?? now),
    );
    return {
      changes: [...upstreams, ...settled.flat()].filter((change) => this.#tabulate(change)),
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

  /** What the data plane should have of a document. */
  settle(of: DocumentName, name: string, exists: (upstream: string) => boolean, now: number): readonly TableChange[] {
    const change = this.documents.get(of)?.settle(name, exists, now);
    return change === undefined ? [] : [change];
  }

  /** Whether the change is one for the data plane. */
  #tabulate(change: TableChange): boolean {
    const before = this.told.get(change);
    return this.told.put(change) && (before === undefined || isRemoval(change) || !isSame(before, change));
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

function isSame(a: TableChange, b: TableChange): boolean {
  if ('document' in a && 'document' in b) return a.document === b.document;
  return JSON.stringify(a) === JSON.stringify(b);
}
