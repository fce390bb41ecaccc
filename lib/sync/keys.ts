/** What a key of the store stands for. Kinds we do not know are left alone. */
export type Place =
  | { readonly kind: 'domain'; readonly name: string }
  /** `server` is empty in the key that says "this upstream exists, even without servers". */
  | { readonly kind: 'server'; readonly upstream: string; readonly server: string };

export function placeOf(key: string): Place | null {
  if (key.startsWith(RULES)) return { kind: 'domain', name: key.slice(RULES.length) };
  if (!key.startsWith(UPSTREAMS)) return null;
  const slash = key.indexOf('/', UPSTREAMS.length);
  if (slash <= UPSTREAMS.length) return null;
  return { kind: 'server', upstream: key.slice(UPSTREAMS.length, slash), server: key.slice(slash + 1) };
}

export function domainKey(name: string): string {
  return RULES + name;
}

export function serverKey(upstream: string, server: string): string {
  return `${UPSTREAMS}${upstream}/${server}`;
}

const RULES = 'rules/';
const UPSTREAMS = 'upstreams/';
