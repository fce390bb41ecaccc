import type { Problem } from '../core/problem.ts';
import { pointerStep } from '../core/problem.ts';
import { parseServer } from '../upstream/parameters.ts';
import type { DocumentKinds } from './document-kinds.ts';
import { parsed } from './documents.ts';
import { placeOf } from './keys.ts';

/** What is wrong with values that keys are to hold. Pointers begin with the item's name, as those of mutations. */
export function checkValues(values: ReadonlyMap<string, string | null>, kinds: DocumentKinds): readonly Problem[] {
  return [...values].flatMap(([key, value]) => {
    const place = placeOf(key);
    if (place === null || value === null) return [];
    if (place.kind === 'document') {
      const { problems } = kinds.get(place.of)?.check(place.name, parsed(value)) ?? { problems: [] };
      return problems.map(({ at, msg }) => ({ at: pointerStep(place.name) + at, msg }));
    }
    const server = place.server === '' ? null : parseServer(place.server, value);
    const at = pointerStep(place.upstream) + pointerStep(place.server);
    return server !== null && 'problem' in server ? [{ at, msg: server.problem }] : [];
  });
}
