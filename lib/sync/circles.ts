import type { DocumentName } from '../control.ts';
import type { DocumentKind } from './documents.ts';

/** How a document is named where others need it: `graph/signed-in`, `domain/shop.test`. Names of upstreams have no slash. */
export function referenceTo(kind: DocumentKind, name: string): string {
  return `${kind.kind}/${kind.normalName(name)}`;
}

/** Whether it is a document that is needed; else it is an upstream. */
export function isReference(need: string): boolean {
  return need.includes('/');
}

/** Kind and name; the kind is null for an upstream. */
export function splitReference(reference: string): readonly [of: DocumentName | null, name: string] {
  const slash = reference.indexOf('/');
  // Before a slash stands what `referenceTo` has written.
  return slash === -1 ? [null, reference] : [reference.slice(0, slash) as DocumentName, reference.slice(slash + 1)];
}

/** How the sentence about a circle begins. */
export const CIRCLE = 'closes a circle of graphs: ';

/**
 * The way from a document over others back to itself, as a sentence; null if there is none. `needs`: what it needs; `needsOf`: what
 * others do. Costs in proportion to the documents that can be reached.
 */
export function circleOf(
  start: string,
  needs: readonly string[],
  needsOf: (reference: string) => readonly string[],
): string | null {
  /** By reference, from where it was come to. */
  const from = new Map<string, string>();
  const left: string[] = [];
  const visit = (reference: string, before: string): void => {
    if (!isReference(reference) || from.has(reference)) return;
    from.set(reference, before);
    left.push(reference);
  };
  for (const reference of needs) visit(reference, start);
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (at === start) return sentence(start, from);
    for (const reference of needsOf(at)) visit(reference, at);
  }
  return null;
}

function sentence(start: string, from: ReadonlyMap<string, string>): string {
  const way = [start];
  for (let at = from.get(start); at !== undefined && at !== start && way.length < MAX_NAMES; at = from.get(at))
    way.push(at);
  return `${CIRCLE}${[start, ...way.toReversed()].join(' -> ')}`;
}

/** Most names told of one circle. */
const MAX_NAMES = 20;
