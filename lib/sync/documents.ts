import type { TableChange } from '../change.ts';
import type { Problem } from '../core/problem.ts';
import type { DocumentName } from '../control.ts';
import { documentKey } from './keys.ts';
import type { Rejection } from './rejection.ts';

/** What came of the check of a document. */
export interface CheckedDocument {
  readonly problems: readonly Problem[];
  /** What the data plane is told as long as there is no good document; null: nothing, as if there were none at all. */
  readonly substitute: TableChange | null;
}

/** A kind of document that is one key of the store each, JSON, checked on its own: one file, listed in `document-kinds.ts`. */
export interface DocumentKind {
  readonly kind: DocumentName;
  /** `document`: parsed JSON, or a `SyntaxError` for a text that is none. */
  check(name: string, document: unknown): CheckedDocument;
  /** What the data plane is told of a good document, or (null) of its removal. */
  change(name: string, text: string | null): TableChange;
  /** Names of one normal form mean the same. */
  normalName(name: string): string;
}

/** The documents of one kind that are in force: of each name the last good one. */
export class Documents {
  readonly kind: DocumentKind;
  readonly #rejected: Map<string, Rejection>;
  readonly #good = new Map<string, string>();
  /** The names that have a document, good or bad, by their normal form. */
  readonly #spellings = new Map<string, Set<string>>();

  constructor(kind: DocumentKind, rejected: Map<string, Rejection>) {
    this.kind = kind;
    this.#rejected = rejected;
  }

  /** By name, in the order of their names. */
  values(): Record<string, unknown> {
    const sorted = [...this.#good].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, text]) => [name, JSON.parse(text) as unknown]));
  }

  has(name: string): boolean {
    return this.#good.has(name);
  }

  good(name: string): string | null {
    return this.#good.get(name) ?? null;
  }

  /** The names there are that mean the same as `name`, however they are spelled. */
  spellings(name: string): Iterable<string> {
    return this.#spellings.get(this.kind.normalName(name)) ?? [];
  }

  /** Takes a name's newest document, or its removal; answers what that changes in force. */
  update(name: string, text: string | null, now: number): TableChange | null {
    const key = documentKey(this.kind.kind, name);
    this.#spell(name, text !== null);
    if (text === null) {
      this.#good.delete(name);
      this.#rejected.delete(key);
      return this.kind.change(name, null);
    }
    const document = parsed(text);
    const { problems, substitute } = this.kind.check(name, document);
    if (problems.length === 0) {
      this.#good.set(name, text);
      this.#rejected.delete(key);
      return this.kind.change(name, text);
    }
    const hasLastGood = this.#good.has(name);
    const reason = problems.map(({ at, msg }) => (at === '' ? msg : `${at}: ${msg}`)).join('; ');
    this.#rejected.set(key, { reason, problems, since: this.#rejected.get(key)?.since ?? now, hasLastGood });
    return hasLastGood ? null : substitute;
  }

  #spell(name: string, isThere: boolean): void {
    const normal = this.kind.normalName(name);
    const names = this.#spellings.get(normal) ?? new Set();
    if (isThere) names.add(name);
    else names.delete(name);
    if (names.size > 0) this.#spellings.set(normal, names);
    else this.#spellings.delete(normal);
  }
}

function parsed(text: string): unknown {
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
