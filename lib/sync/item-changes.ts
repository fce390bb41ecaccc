import { hash } from 'node:crypto';
import { pointerStep } from '../core/problem.ts';
import type { Difference, DocumentName, ItemChange } from '../control.ts';
import { placeOf } from './keys.ts';

/** What a key held and what it holds; null: absent. */
export interface KeyChange {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Reads changed keys as changes of items. `complete`: they hold every key of the upstreams they touch, changed or not. */
export function itemChanges(changes: readonly KeyChange[], complete: boolean): readonly ItemChange[] {
  const items: ItemChange[] = [];
  const upstreams = new Map<string, KeyChange[]>();
  for (const change of changes) {
    const place = placeOf(change.key);
    if (place === null) continue;
    if (place.kind === 'server') {
      const keys = upstreams.get(place.upstream) ?? [];
      upstreams.set(place.upstream, [...keys, { ...change, key: place.server }]);
    } else {
      const differences = differ(shown(place.of, change.before), shown(place.of, change.after));
      if (differences.length > 0) items.push({ kind: place.of, name: place.name, change: verb(change), differences });
    }
  }
  for (const [name, servers] of upstreams) {
    const before = listOf(servers.map((server) => [server.key, server.before]));
    const after = listOf(servers.map((server) => [server.key, server.after]));
    const differences = complete ? differ(before, after) : differ(before ?? {}, after ?? {});
    const change = complete ? verb({ before, after }) : 'changed';
    if (differences.length > 0) items.push({ kind: 'upstream', name, change, differences });
  }
  return items;
}

/** Where two JSON values differ: member by member in objects, as a whole in everything else. `undefined`: none. */
export function differ(before: unknown, after: unknown, at = ''): readonly Difference[] {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differ(own(before, name), own(after, name), at + pointerStep(name)));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ at, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

function verb({ before, after }: { readonly before?: unknown; readonly after?: unknown }): ItemChange['change'] {
  if (before === undefined || before === null) return 'added';
  return after === undefined || after === null ? 'removed' : 'changed';
}

/** The servers there are; the empty name says only that the upstream exists. */
function listOf(servers: readonly (readonly [name: string, text: string | null])[]): object | undefined {
  const there = servers.filter(([, text]) => text !== null);
  return there.length === 0 ? undefined : Object.fromEntries(there.filter(([name]) => name !== ''));
}

/** A document as it may be shown: without the key of a certificate, but so that another key is seen to be another. */
function shown(of: DocumentName, text: string | null): unknown {
  const document = jsonOf(text);
  if ((of !== 'certificate' && of !== 'challenge') || !isObject(document) || typeof document['key'] !== 'string')
    return document;
  return { ...document, key: `not shown: ${hash('sha256', document['key']).slice(0, 8)}` };
}

/** Text that is no JSON stands for itself. */
function jsonOf(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
