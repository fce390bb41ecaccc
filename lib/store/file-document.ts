import type { Edit } from './ledger.ts';
import { StoreError } from './store.ts';

/**
 * The text of a store's file as keys and values.
 *
 * ```yaml
 * domains:                       # rules/shop.test = the graph as JSON text
 *   shop.test: {init: r1, rules: {...}}
 * upstreams:
 *   web: {"10.0.0.1:80": ""}     # upstreams/web/10.0.0.1:80 = the parameters
 *   old: {}                      # upstreams/old/ = an upstream without servers
 * options:                       # options/web = the upstream's options as JSON text
 *   web: {balance: {algorithm: random}}
 * certs:                         # certs/shop = a certificate with its key as JSON text
 *   shop: {certificate: "-----BEGIN ...", key: "-----BEGIN ..."}
 * tls:                           # tls/shop.test = what the domain wants of TLS as JSON text
 *   shop.test: {require: true}
 * ```
 *
 * Other sections are kinds of their own: each text in them is a key, everything else is left as it is. What cannot be read
 * throws StoreError with file, line and column.
 */
export interface FileDocument {
  /** What there is on the top level, known or not. */
  sectionNames(): readonly string[];
  entries(): ReadonlyMap<string, string>;
  /** The text with the edits made. Throws StoreError for an edit that the file cannot hold. */
  edited(edits: readonly Edit[]): string;
}

export const UPSTREAMS = 'upstreams';

/** Sections whose members are JSON texts in the store, with their kinds of key. */
const JSON_SECTIONS: ReadonlyMap<string, string> = new Map([
  ['domains', 'rules'],
  ['graphs', 'graphs'],
  ['options', 'options'],
  ['certs', 'certs'],
  ['tls', 'tls'],
  ['challenges', 'challenges'],
]);
const SECTIONS: ReadonlyMap<string, string> = new Map(Array.from(JSON_SECTIONS, ([section, kind]) => [kind, section]));

/** The kind of the keys of a section whose members are values of JSON; null for other sections. */
export function jsonKindOf(section: string): string | null {
  return JSON_SECTIONS.get(section) ?? null;
}

/** The section of a kind of key, and whether its members are values of JSON. */
export function sectionOf(kind: string): { readonly section: string; readonly isJson: boolean } {
  const section = SECTIONS.get(kind);
  return { section: section ?? kind, isJson: section !== undefined };
}

/** Kind and name of a key. Throws StoreError for one that no file can hold. */
export function splitKey(path: string, key: string): readonly [string, string] {
  const [kind, name] = splitOnce(key);
  if (kind === '' || name === '') throw new StoreError(`${path} cannot hold the key ${JSON.stringify(key)}`);
  return [kind, name];
}

export function splitOnce(name: string): readonly [string, string] {
  const slash = name.indexOf('/');
  return slash === -1 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
}

/** Line and column count from 1. */
export function problemAt(path: string, line: number, column: number, message: string): StoreError {
  return new StoreError(`${path}:${Math.max(1, line)}:${Math.max(1, column)}: ${message}`);
}
