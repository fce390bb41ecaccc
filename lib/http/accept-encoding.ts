/**
 * The coding that a client wants most among those offered, by its Accept-Encoding (RFC 9110 12.5.3); of equal ones the first. Null: it wants
 * none of them, likes the plain body better, or says nothing. `field`: all values of it joined by commas, or null.
 *
 * A weight that is none counts as 0: what a client has not clearly asked for it does not get.
 */
export function chosenCoding<Coding extends string>(field: string | null, offered: readonly Coding[]): Coding | null {
  if (field === null) return null;
  const weights = new Map<string, number>();
  for (const item of field.split(',')) {
    const semicolon = item.indexOf(';');
    const name = (semicolon === -1 ? item : item.slice(0, semicolon)).trim().toLowerCase();
    if (name === '') continue;
    const weight = semicolon === -1 ? 1 : weightOf(item.slice(semicolon + 1));
    // RFC 9110 8.4.1.3.
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  const others = weights.get('*') ?? 0;
  let best: Coding | null = null;
  // Without a word about it the plain body is what may be sent, and nothing that is wished for.
  let most = weights.get('identity') ?? 0;
  let isPlain = most > 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others;
    if (weight <= 0 || weight < most || (weight === most && !isPlain)) continue;
    best = coding;
    most = weight;
    isPlain = false;
  }
  return best;
}

/** `q=0.5` as a number from 0 to 1. */
function weightOf(parameter: string): number {
  const text = parameter.trim().toLowerCase();
  return WEIGHT.test(text) ? Number(text.slice(2)) : 0;
}

/** RFC 9110 12.4.2. */
const WEIGHT = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
