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
 * ```
 *
 * Other sections are kinds of their own: each text in them is a key, everything else is left as it is. What cannot be read
 * throws StoreError with file, line and column.
 */
export interface FileDocument {
  entries(): ReadonlyMap<string, string>;
  /** The text with the edits made. Throws StoreError for an edit that the file cannot hold. */
  edited(edits: readonly Edit[]): string;
}

export const DOMAINS = 'domains';
export const UPSTREAMS = 'upstreams';

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
