import type { TableChange } from '../change.ts';
import type { Image } from '../store/image.ts';
import type { Rejection } from './reports.ts';
import { placeOf } from './keys.ts';
import { ServerLists } from './server-lists.ts';

/**
 * The table that a start from an image leads to, where that can be told without the checks and the secrets of a control plane; else
 * null. It can where everything in the image was in force and has passed its check, no server has a name that is to be resolved, and
 * nothing is sealed. Then a worker that reads the image itself has the very table that its primary is going to hand out.
 */
export function firstTable({ entries, substitutes, needsOf }: Image): readonly TableChange[] | null {
  if (substitutes.length > 0) return null;
  const rejected = new Map<string, Rejection>();
  const lists = new ServerLists(rejected);
  const documents: TableChange[] = [];
  for (const { key, value } of entries) {
    const place = placeOf(key);
    if (place === null) continue;
    if (place.kind === 'server') {
      if (lists.update(place.upstream, place.server, value, 0).length > 0) return null;
      continue;
    }
    const { of, name } = place;
    if (of === 'certificate' || of === 'challenge' || needsOf(key, value) === null) return null;
    documents.push({ kind: of, name, document: value });
  }
  if (rejected.size > 0) return null;
  return [...lists.names.map((name) => lists.change(name)), ...documents];
}
