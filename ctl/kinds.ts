import { oneOf } from '../lib/core/option-kinds.ts';
import { isMembers } from './answer-shape.ts';
import { called } from './inputs.ts';

/** Kinds of documents, as commands name them: resources of the admin API. */
export const KINDS = ['domain', 'graph', 'upstream', 'option', 'tls', 'cert'] as const;
export type Kind = (typeof KINDS)[number];

/** Names of a kind in the plural are understood, too. */
export const kindName = called<Kind>('KIND', {
  ...oneOf(KINDS),
  parse: (text) => oneOf(KINDS).parse(/^(?:domain|graph|upstream|option|cert)s$/.test(text) ? text.slice(0, -1) : text),
});

/** Sections that hold them. */
export const SECTION_OF: Readonly<Record<Kind, string>> = {
  domain: 'domains',
  graph: 'graphs',
  upstream: 'upstreams',
  option: 'options',
  tls: 'tls',
  cert: 'certs',
};

/** Whether documents of a kind are graphs. */
export function isGraphKind(kind: Kind): kind is 'domain' | 'graph' {
  return kind === 'domain' || kind === 'graph';
}

/** `api` of `api#canary`, and what is alike: names that a person may have meant. */
export function nearest(name: string, names: readonly string[]): string | null {
  const near = names
    .map((other) => ({ other, distance: distanceOf(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.other ?? null;
}

/** Number of characters to insert, remove or replace (Levenshtein). Texts that differ in length by a lot are far from each other. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3 || a.length > 100) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}

/** Whether a value looks like a domain's graph. */
export function isGraph(value: unknown): boolean {
  return isMembers(value) && 'init' in value && 'rules' in value;
}
