import { TextMap } from '../core/text-map.ts';
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
  /** The entries in force by normal form; wildcards without their `*.`. */
  #exact = new TextMap<DomainEntry>();
  #wildcards = new TextMap<DomainEntry>();
  /** All entries of the domains that stand there under several names, by normal form, best first. */
  #spellings = new TextMap<readonly DomainEntry[]>();
  /** A name with the port of TLS was there: for those that are not, nobody looks. */
  #hasTlsPort = false;

  /** Adds a domain or replaces it; answers the one that had its very name, null where there was none. */
  set(entry: DomainEntry): DomainEntry | null {
    const normal = normalDomainName(entry.name);
    // As nearly always in a large table that is filled: the name is looked at once.
    if (this.#mapOf(normal).add(keyOf(normal), entry) === undefined) {
      this.#hasTlsPort ||= normal.endsWith(TLS_SUFFIX);
      return null;
    }
    const entries = this.#entries(normal);
    const others = entries.filter(({ name }) => name !== entry.name);
    this.#rank(normal, others.length === 0 ? [entry] : [...others, entry].toSorted(precedence(normal)));
    return entries.find(({ name }) => name === entry.name) ?? null;
  }

  delete(name: string): void {
    const normal = normalDomainName(name);
    const entries = this.#entries(normal);
    const left = entries.filter((entry) => entry.name !== name);
    if (left.length < entries.length) this.#rank(normal, left);
  }

  get isEmpty(): boolean {
    return this.#exact.size + this.#wildcards.size === 0;
  }

  /** Of an empty table: becomes what another one is, which is not to be used any more. */
  adopt(other: DomainTable): void {
    this.#exact = other.#exact;
    this.#wildcards = other.#wildcards;
    this.#spellings = other.#spellings;
    this.#hasTlsPort ||= other.#hasTlsPort;
  }

  /** All there are, in force or behind another spelling. */
  *entries(): Generator<DomainEntry, void> {
    for (const map of [this.#exact, this.#wildcards]) {
      for (const entry of map.values()) yield* this.#entries(normalDomainName(entry.name));
    }
  }

  /** A domain by its own name, as its document's key says it, whether it is in force or another spelling is. */
  spelled(name: string): DomainEntry | null {
    return this.#entries(normalDomainName(name)).find((entry) => entry.name === name) ?? null;
  }

  /** The domain in force that has this name, which may be spelled otherwise. */
  named(name: string): DomainEntry | null {
    return this.#entries(normalDomainName(name))[0] ?? null;
  }

  /**
   * `host` in lower case without trailing dot; `port` empty where it is the default or not given. Over TLS that is 443, and a domain may be
   * named so: it is for nobody in clear.
   */
  find(host: string, port: string, isSecure = false): DomainEntry | null {
    const exact = this.#exact;
    const asked = port === '' && isSecure && this.#hasTlsPort ? TLS_PORT : port;
    return (
      (asked === '' ? undefined : exact.get(`${host}:${asked}`)) ??
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

  #entries(normal: string): readonly DomainEntry[] {
    const several = this.#spellings.get(normal);
    if (several !== undefined) return several;
    const only = this.#mapOf(normal).get(keyOf(normal));
    return only === undefined ? [] : [only];
  }

  /** Puts the best of a domain's entries in force. */
  #rank(normal: string, entries: readonly DomainEntry[]): void {
    const map = this.#mapOf(normal);
    this.#hasTlsPort ||= normal.endsWith(TLS_SUFFIX);
    if (entries[0] === undefined) map.delete(keyOf(normal));
    else map.set(keyOf(normal), entries[0]);
    if (entries.length > 1) this.#spellings.set(normal, entries);
    else this.#spellings.delete(normal);
  }

  #mapOf(normal: string): TextMap<DomainEntry> {
    return normal.startsWith('*.') ? this.#wildcards : this.#exact;
  }
}

const TLS_PORT = '443';
const TLS_SUFFIX = `:${TLS_PORT}`;

function keyOf(normal: string): string {
  return normal.startsWith('*.') ? normal.slice(2) : normal;
}

/** The normal form itself first, then by code units. */
function precedence(normal: string): (a: DomainEntry, b: DomainEntry) => number {
  return (a, b) => Number(b.name === normal) - Number(a.name === normal) || (a.name < b.name ? -1 : 1);
}
