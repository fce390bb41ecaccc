import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The words of a signature scheme in the form of AWS Signature Version 4. */
export interface SignatureWords {
  /** Value of the algorithm, first word of Authorization: `AWS4-HMAC-SHA256`. */
  readonly algorithm: string;
  /** Last part of a scope: `aws4_request`. */
  readonly scope_suffix: string;
  /** In front of the secret: `AWS4`. */
  readonly key_prefix: string;
  /** Names of parameters in a signed URL; `date` and `content_sha256` are names of fields as well. */
  readonly algorithm_name: string;
  readonly credential: string;
  readonly date: string;
  readonly expires: string;
  readonly signed_headers: string;
  readonly signature: string;
  readonly content_sha256: string;
}

/** What of a request is signed. */
export interface SignedParts {
  readonly method: string;
  /** As it is sent, percent-encoded. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The value of a field, or null. */
  field(lowerName: string): string | null;
}

/** What a request says about its signature, before anything of it is believed. */
export interface SignatureClaim {
  readonly keyId: string;
  /** Date of the scope, parts between it and the suffix. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z`. */
  readonly date: string;
  /** Seconds that a signed URL is good for; null where the signature is in Authorization. */
  readonly expiresS: number | null;
}

/** The claim in Authorization, or else in the query; null if there is none that is well formed. */
export function signatureClaim(request: SignedParts, words: SignatureWords): SignatureClaim | null {
  const field = request.field('authorization');
  const claim = field === null ? fromQuery(request, words) : fromField(field, request, words);
  if (claim === null) return null;
  const { scope, signedHeaders, signature, date } = claim;
  const isWhole =
    signedHeaders.includes('host') &&
    /^[0-9a-f]{64}$/.test(signature) &&
    /^\d{8}T\d{6}Z$/.test(date) &&
    scope.length >= 2 &&
    scope[0] === date.slice(0, 8) &&
    scope.at(-1) === words.scope_suffix;
  return isWhole ? claim : null;
}

/** Whether a claim holds at this time; `ttlMs`: how far its date may be from now, 0 for any distance. */
export function isTimely({ date, expiresS }: SignatureClaim, now: number, ttlMs: number): boolean {
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at)) return false;
  if (expiresS !== null && (now > at + expiresS * 1000 || at > now + Math.max(ttlMs, SKEW_MS))) return false;
  return expiresS !== null || ttlMs === 0 || Math.abs(now - at) <= ttlMs;
}

/** How a signature is checked. */
export interface SignedBy {
  readonly secret: string;
  /** SHA-256 of the body, or `UNSIGNED-PAYLOAD`. */
  readonly bodyHash: string;
  readonly words: SignatureWords;
  /**
   * Whether the path is signed as it is sent, as for S3, or escaped once more, as for all other services of AWS. Were both taken, a signature of
   * one path would be one of another path, too.
   */
  readonly pathEscapes: 'once' | 'twice';
}

/** Whether the signature is one by the secret, of this request. */
export function isSigned(request: SignedParts, claim: SignatureClaim, by: SignedBy): boolean {
  const { secret, words } = by;
  let key: Buffer | string = words.key_prefix + secret;
  for (const part of claim.scope) key = createHmac('sha256', key).update(part, 'utf8').digest();
  const digest = createHash('sha256')
    .update(canonicalRequest(request, claim, by), 'latin1')
    .digest('hex');
  const text = [words.algorithm, claim.date, claim.scope.join('/'), digest].join('\n');
  const made = createHmac('sha256', key).update(text, 'latin1').digest();
  return timingSafeEqual(made, Buffer.from(claim.signature, 'hex'));
}

/** Task 1 of the signing process, as AWS documents it. */
function canonicalRequest(
  request: SignedParts,
  { signedHeaders, expiresS }: SignatureClaim,
  { bodyHash, words, pathEscapes }: SignedBy,
): string {
  const path = pathEscapes === 'once' ? request.path : encodedPath(request.path);
  const fields = signedHeaders.map((name) => `${name}:${(request.field(name) ?? '').trim().replace(/ {2,}/g, ' ')}\n`);
  const parameters = parametersOf(request.query)
    .filter(([name]) => expiresS === null || name !== words.signature)
    .map(([name, value]) => [uriEncoded(name), uriEncoded(value)] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? compared(x, y) : compared(a, b)));
  const query = parameters.map(([name, value]) => `${name}=${value}`).join('&');
  return [request.method, path, query, fields.join(''), signedHeaders.join(';'), bodyHash].join('\n');
}

function fromField(field: string, request: SignedParts, words: SignatureWords): SignatureClaim | null {
  if (!field.startsWith(`${words.algorithm} `) || field.length > MAX_LENGTH) return null;
  const parts = new Map<string, string>();
  for (const part of field.slice(words.algorithm.length + 1).split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim();
    if (equals === -1 || parts.has(name)) return null;
    parts.set(name, part.slice(equals + 1).trim());
  }
  const date = request.field(words.date.toLowerCase());
  return claimOf(parts.get('Credential'), parts.get('SignedHeaders'), parts.get('Signature'), date, null);
}

function fromQuery(request: SignedParts, words: SignatureWords): SignatureClaim | null {
  const parameters = new Map<string, string>();
  for (const [name, value] of parametersOf(request.query)) {
    if (parameters.has(name)) return null;
    parameters.set(name, value);
  }
  const expires = parameters.get(words.expires) ?? '';
  if (parameters.get(words.algorithm_name) !== words.algorithm || !/^\d{1,6}$/.test(expires)) return null;
  if (Number(expires) > MAX_EXPIRES_S) return null;
  const { credential, signed_headers: signed, signature, date } = words;
  return claimOf(
    parameters.get(credential),
    parameters.get(signed),
    parameters.get(signature),
    parameters.get(date) ?? null,
    Number(expires),
  );
}

function claimOf(
  credential: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
  date: string | null,
  expiresS: number | null,
): SignatureClaim | null {
  if (credential === undefined || signedHeaders === undefined || signature === undefined || date === null) return null;
  const [keyId = '', ...scope] = credential.split('/');
  return { keyId, scope, signedHeaders: signedHeaders.split(';'), signature, date, expiresS };
}

/** Names and values of a query, decoded; a plus is a plus. Bytes as Latin-1. */
function parametersOf(query: string): readonly (readonly [name: string, value: string])[] {
  if (query.length <= 1) return [];
  return query
    .slice(1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals === -1
        ? [percentDecoded(part), '']
        : [percentDecoded(part.slice(0, equals)), percentDecoded(part.slice(equals + 1))];
    });
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Everything but unreserved characters (RFC 3986 2.3) as bytes with a percent sign. */
function uriEncoded(bytes: string): string {
  return bytes.replace(
    /[^A-Za-z0-9._~-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function encodedPath(path: string): string {
  return path.split('/').map(uriEncoded).join('/');
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const MAX_LENGTH = 8192;
const MAX_EXPIRES_S = 604_800;
/** How far ahead the clock may be that a signed URL was made by, where no other bound is set. */
const SKEW_MS = 900_000;
