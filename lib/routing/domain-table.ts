import { normalDomainName } from './domain-name.ts';
import type { Graph } from './graph.ts';

/** A domain as a worker serves it. */
export interface DomainEntry {
  /** The name as the document's key says it. */
  readonly name: string;
  /** Null where there never was a good document: the domain then answers `fault`. */
  readonly graph: Graph | null;
  /** A code of `Fault`, 0 with a graph. */
  readonly fault: number;
}

/**
 * The domains in force, found by a request's host. The first that exists of:
 *
 *     a.b.test:8080      host and port, if the request names a port other than the default
 *     a.b.test           host
 *     *.b.test  *.test   wildcards, longest first; each stands for one or more labels
 *     *                  everything else
 *
 * A find costs at most one look-up per label and three more, however many domains there are.
 *
 * Names that differ only in case, trailing dot or port 80 are the same domain. They may stand side by side in a store; then the
 * one already in normal form is in force, or else the first in the order of code units, in whatever order they arrived.
 */
export class DomainTable {
  readonly #entries = new Map<string, DomainEntry>();
  /** The names that mean the same domain, by their normal form, best first; never an empty list. */
  readonly #names = new Map<string, readonly string[]>();
  /** The entries in force by normal form; wildcards without their `*.`. */
  readonly #exact = new Map<string, DomainEntry>();
  readonly #wildcards = new Map<string, DomainEntry>();

  get size(): number {
    return this.#entries.size;
  }

  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Adds a domain or replaces it. */
  set(name: string, entry: DomainEntry): void {
    const normal = normalDomainName(name);
    const names = this.#names.get(normal) ?? NONE;
    this.#entries.set(name, entry);
    this.#rank(normal, names.includes(name) ? names : [...names, name].toSorted(precedence(normal)));
  }

  delete(name: string): void {
    if (!this.#entries.delete(name)) return;
    const normal = normalDomainName(name);
    const names = this.#names.get(normal) ?? NONE;
    this.#rank(
      normal,
      names.filter((other) => other !== name),
    );
  }

  clear(): void {
    this.#entries.clear();
    this.#names.clear();
    this.#exact.clear();
    this.#wildcards.clear();
  }

  /** `host` in lower case without trailing dot; `port` empty where it is the default or not given. */
  find(host: string, port: string): DomainEntry | null {
    const exact = this.#exact;
    return (
      (port === '' ? undefined : exact.get(`${host}:${port}`)) ??
      exact.get(host) ??
      this.#findWildcard(host) ??
      exact.get('*') ??
      null
    );
  }

  #findWildcard(host: string): DomainEntry | undefined {
    if (this.#wildcards.size === 0) return undefined;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const found = this.#wildcards.get(host.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Puts the best of the names in force. */
  #rank(normal: string, names: readonly string[]): void {
    const isWildcard = normal.startsWith('*.');
    const map = isWildcard ? this.#wildcards : this.#exact;
    const key = isWildcard ? normal.slice(2) : normal;
    const best = names[0] === undefined ? undefined : this.#entries.get(names[0]);
    if (best === undefined) {
      this.#names.delete(normal);
      map.delete(key);
    } else {
      this.#names.set(normal, names);
      map.set(key, best);
    }
  }
}

const NONE: readonly string[] = [];

/** The normal form itself first, then by code units. */
function precedence(normal: string): (a: string, b: string) => number {
  return (a, b) => Number(b === normal) - Number(a === normal) || (a < b ? -1 : 1);
}
