import { formatParameters, parseServer } from '../upstream/parameters.ts';
import { placeOf } from './keys.ts';

/** Whether two values of a key say the same: JSON up to spaces and order of members, parameters up to order and defaults. */
export function meansTheSame(key: string, a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const place = placeOf(key);
  if (place === null) return false;
  const meaning = place.kind === 'document' ? canonicalJson : (text: string) => canonicalParameters(place.server, text);
  const first = meaning(a);
  return first !== null && first === meaning(b);
}

/** JSON text with sorted members, or null where the text is no JSON. */
function canonicalJson(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value, sortMembers);
  } catch {
    return null;
  }
}

function sortMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // `__proto__` is a member like any other here.
  const sorted: Record<string, unknown> = Object.create(null) as Record<string, unknown>; // an object without prototype
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) sorted[name] = member;
  return sorted;
}

function canonicalParameters(server: string, text: string): string | null {
  const parsed = parseServer(server, text);
  return 'problem' in parsed ? null : formatParameters(parsed);
}
