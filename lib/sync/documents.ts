import type { TableChange } from '../change.ts';
import type { Problem } from '../core/problem.ts';
import type { DocumentName } from '../control.ts';
import { isReference, referenceTo } from './circles.ts';
import { documentKey } from './keys.ts';
import { References } from './references.ts';
import type { Reports } from './reports.ts';

/** What came of the check of a document. */
export interface CheckedDocument {
  readonly problems: readonly Problem[];
  /** What the data plane is told as long as there is no good document; null: nothing, as if there were none at all. */
  readonly substitute: TableChange | null;
  /** Names of the upstreams that a good document needs, each once. */
  readonly upstreams: readonly string[];
}

/** A kind of document that is one key of the store each, JSON, checked on its own: one file, listed in `document-kinds.ts`. */
export interface DocumentKind {
  readonly kind: DocumentName;
  /** `document`: parsed JSON, or a `SyntaxError` for a text that is none. */
  check(name: string, document: unknown): CheckedDocument;
  /** What a good document needs, where its text shows that it is one, before it is parsed as a whole; null: that is to be checked. */
  needsOf?(name: string, text: string): readonly string[] | null;
  /** What the data plane is told of a good document, or (null) of its removal. */
  change(name: string, text: string | null): TableChange;
  /** What memory and store hold of a document that was sent and has passed its check; missing: the document itself. */
  kept?(name: string, document: unknown): unknown;
  /** What the data plane is told of a document that closes a circle, while there is no good one; without this, nothing. */
  broken?(name: string): TableChange;
  /** Names of one normal form mean the same. */
  normalName(name: string): string;
  /** The upstreams that a document which has passed its check names. */
  upstreams(document: unknown): readonly string[];
}

/** A document that has passed its check. */
interface GoodDocument {
  readonly text: string;
  readonly upstreams: readonly string[];
}

/**
 * The documents of one kind: of each name the newest good one, and the one in force, which is the same unless the newest names
 * upstreams that do not exist while the one in force works.
 *
 * ```
 *             update                    settle
 *   document --------> newest good one --------> in force
 *               \                         ^ waits for upstreams, if there is one in force that works
 *                rejected
 * ```
 */
export class Documents {
  readonly kind: DocumentKind;
  readonly #reports: Reports;
  readonly #newest = new Map<string, GoodDocument>();
  readonly #inForce = new Map<string, GoodDocument>();
  /** For the names that have no good document at all. */
  readonly #substitutes = new Map<string, TableChange>();
  /** The names that have a document, good or bad, and are not in their normal form, by that. */
  readonly #spellings = new Map<string, Set<string>>();
  readonly #references = new References();
  /** In order; null after one came or went. */
  #names: readonly string[] | null = null;

  readonly #leadsBack: (reference: string, needs: readonly string[]) => string | null;

  /** `leadsBack`: the circle that a document would close, if it would. */
  constructor(
    kind: DocumentKind,
    reports: Reports,
    leadsBack: (reference: string, needs: readonly string[]) => string | null,
  ) {
    this.kind = kind;
    this.#reports = reports;
    this.#leadsBack = leadsBack;
  }

  /** The newest good documents by name, in the order of their names. */
  values(): Record<string, unknown> {
    return Object.fromEntries(this.names.map((name) => [name, this.value(name)]));
  }

  /** Names of the newest good documents, in the order of their characters. */
  get names(): readonly string[] {
    this.#names ??= [...this.#newest.keys()].toSorted();
    return this.#names;
  }

  /** The newest good document of a name; undefined: there is none. */
  value(name: string): unknown {
    const text = this.newest(name);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  }

  has(name: string): boolean {
    return this.#newest.has(name);
  }

  newest(name: string): string | null {
    return this.#newest.get(name)?.text ?? null;
  }

  /** What the newest good document of a name needs, if this is it. */
  needsOf(name: string, text: string): readonly string[] | null {
    const newest = this.#newest.get(name);
    return newest?.text === text ? newest.upstreams : null;
  }

  inForce(name: string): string | null {
    return this.#inForce.get(name)?.text ?? null;
  }

  /** The names there are that mean the same as `name`, however they are spelled. */
  spellings(name: string): Iterable<string> {
    const normal = this.kind.normalName(name);
    const others = this.#spellings.get(normal) ?? [];
    const isThere = this.#newest.has(normal) || this.#reports.rejected.has(documentKey(this.kind.kind, normal));
    return isThere ? [normal, ...others] : others;
  }

  /** What the newest good document of a name needs, however the name is spelled. */
  needs(name: string): readonly string[] {
    const own = this.#newest.get(name)?.upstreams ?? [];
    const others = [...(this.#spellings.get(this.kind.normalName(name)) ?? [])];
    return others.length === 0 ? own : [...own, ...others.flatMap((other) => this.#newest.get(other)?.upstreams ?? [])];
  }

  /** Whether there is a good document of that name, however it is spelled. */
  hasAny(name: string): boolean {
    if (this.#newest.has(name)) return true;
    return [...(this.#spellings.get(this.kind.normalName(name)) ?? [])].some((other) => this.#newest.has(other));
  }

  /** Names of the documents that need an upstream, or another document. */
  users(upstream: string): Iterable<string> {
    return this.#references.users(upstream);
  }

  /** Checks a text as far as it has to be. */
  check(name: string, text: string): CheckedDocument {
    const needs = this.kind.needsOf?.(name, text) ?? null;
    return needs === null ? this.kind.check(name, parsed(text)) : trusted(needs);
  }

  /**
   * Takes a name's newest document, or its removal. `settle` puts it into force. `checked`: what came of its check, if that was before.
   */
  update(name: string, text: string | null, now: number, checked: CheckedDocument | null = null): void {
    this.#spell(name, text !== null);
    this.#substitutes.delete(name);
    if (text === null) {
      this.#setNewest(name, undefined);
      this.#accept(name);
      return;
    }
    const { problems, substitute, upstreams } = checked ?? this.check(name, text);
    const circle = problems.length === 0 ? this.#circle(name, upstreams) : null;
    if (circle !== null) {
      this.#reject(name, [{ at: '', msg: circle }], this.kind.broken?.(name) ?? null, now);
      return;
    }
    if (problems.length === 0) {
      this.#setNewest(name, { text, upstreams });
      this.#accept(name);
      return;
    }
    this.#reject(name, problems, substitute, now);
  }

  #circle(name: string, needs: readonly string[]): string | null {
    return needs.some(isReference) ? this.#leadsBack(referenceTo(this.kind, name), needs) : null;
  }

  #accept(name: string): void {
    const { rejected } = this.#reports;
    // To make a key takes longer than all else here, and there are as many documents as a store has.
    if (rejected.size > 0) rejected.delete(documentKey(this.kind.kind, name));
  }

  #reject(name: string, problems: readonly Problem[], substitute: TableChange | null, now: number): void {
    const { rejected } = this.#reports;
    const key = documentKey(this.kind.kind, name);
    const hasLastGood = this.#newest.has(name);
    if (!hasLastGood && substitute !== null) this.#substitutes.set(name, substitute);
    const reason = problems.map(({ at, msg }) => (at === '' ? msg : `${at}: ${msg}`)).join('; ');
    rejected.set(key, { reason, problems, since: rejected.get(key)?.since ?? now, hasLastGood });
  }

  /**
   * What the data plane should have of a name, once all upstreams of the moment are known. The newest document is held back
   * only in favour of one that works: where both name what does not exist, the newest is in force.
   */
  settle(name: string, exists: (upstream: string) => boolean, now: number): TableChange {
    const { held } = this.#reports;
    const newest = this.#newest.get(name);
    const before = this.#inForce.get(name);
    const missing = newest?.upstreams.filter((upstream) => !exists(upstream)) ?? NONE_MISSING;
    const isHeld = before !== undefined && before !== newest && missing.length > 0 && before.upstreams.every(exists);
    if (isHeld || held.size > 0) {
      const key = documentKey(this.kind.kind, name);
      if (isHeld) held.set(key, { upstreams: missing, since: held.get(key)?.since ?? now });
      else held.delete(key);
    }
    const inForce = isHeld ? before : newest;
    this.#setInForce(name, before, inForce);
    // What another one waits for works.
    this.#noteDangling(name, isHeld ? NONE_MISSING : missing);
    if (inForce !== undefined) return this.kind.change(name, inForce.text);
    return this.#substitutes.get(name) ?? this.kind.change(name, null);
  }

  #setNewest(name: string, document: GoodDocument | undefined): void {
    const before = this.#newest.get(name);
    if ((document === undefined) !== (before === undefined)) this.#names = null;
    if (document === undefined) this.#newest.delete(name);
    else this.#newest.set(name, document);
    this.#references.replace(name, before?.upstreams, [document?.upstreams, this.#inForce.get(name)?.upstreams]);
  }

  #setInForce(name: string, before: GoodDocument | undefined, document: GoodDocument | undefined): void {
    if (document === before) return;
    if (document === undefined) this.#inForce.delete(name);
    else this.#inForce.set(name, document);
    // What is in force now was the newest, and is among the references already.
    if (before === undefined) return;
    this.#references.replace(name, before.upstreams, [document?.upstreams, this.#newest.get(name)?.upstreams]);
  }

  #noteDangling(name: string, missing: readonly string[]): void {
    const { dangling } = this.#reports;
    if (missing.length > 0) dangling.set(documentKey(this.kind.kind, name), missing);
    else if (dangling.size > 0) dangling.delete(documentKey(this.kind.kind, name));
  }

  #spell(name: string, isThere: boolean): void {
    const normal = this.kind.normalName(name);
    if (normal === name) return;
    const names = this.#spellings.get(normal) ?? new Set();
    if (isThere) names.add(name);
    else names.delete(name);
    if (names.size > 0) this.#spellings.set(normal, names);
    else this.#spellings.delete(normal);
  }
}

/** What would come of the check of a document that has passed it, and needs these. */
export function trusted(upstreams: readonly string[]): CheckedDocument {
  return { problems: NONE, substitute: null, upstreams };
}

const NONE: readonly Problem[] = [];
const NONE_MISSING: readonly string[] = [];

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

/** What is wrong with a document that is no JSON; null if it is. */
export function notJson(document: unknown): Problem | null {
  return document instanceof SyntaxError ? { at: '', msg: `not JSON: ${document.message}` } : null;
}
