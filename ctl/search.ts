import type { QueryValue } from './api.ts';

/** Parameters as the query of an address, without its question mark. */
export function searchOf(query: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'object') for (const one of value) search.append(name, one);
    else search.append(name, value === true ? '1' : String(value));
  }
  return search.toString();
}
