import type { DocumentName } from '../control.ts';

/** What a key of the store stands for. Kinds we do not know are left alone. */
export type Place =
  | { readonly kind: 'document'; readonly of: DocumentName; readonly name: string }
  /** `server` is empty in the key that says "this upstream exists, even without servers". */
  | { readonly kind: 'server'; readonly upstream: string; readonly server: string };

export function placeOf(key: string): Place | null {
  for (const [of, directory] of DIRECTORIES) {
    if (key.startsWith(directory)) return { kind: 'document', of, name: key.slice(directory.length) };
  }
  if (!key.startsWith(UPSTREAMS)) return null;
  const slash = key.indexOf('/', UPSTREAMS.length);
  if (slash <= UPSTREAMS.length) return null;
  return { kind: 'server', upstream: key.slice(UPSTREAMS.length, slash), server: key.slice(slash + 1) };
}

export function documentKey(of: DocumentName, name: string): string {
  return DOCUMENTS[of] + name;
}

export function serverKey(upstream: string, server: string): string {
  return `${UPSTREAMS}${upstream}/${server}`;
}

const DOCUMENTS: Readonly<Record<DocumentName, string>> = {
  domain: 'rules/',
  graph: 'graphs/',
  options: 'options/',
  certificate: 'certs/',
  tls: 'tls/',
  challenge: 'challenges/',
};
// Its keys are those of the record.
const DIRECTORIES = Object.entries(DOCUMENTS) as readonly (readonly [DocumentName, string])[];
const UPSTREAMS = 'upstreams/';

/** Directory of the keys of a kind; null: every key. */
export function directoryOfScope(scope: DocumentName | 'upstream' | null): string | null {
  if (scope === null) return null;
  return (scope === 'upstream' ? UPSTREAMS : DOCUMENTS[scope]).slice(0, -1);
}
