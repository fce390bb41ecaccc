import { isText } from './bytes.ts';
import { BodyKind, Known, type Head } from './head.ts';
import { hopByHop } from './hop.ts';

/** What the proxy changes in a request's head before it forwards it. */
export interface RequestEdits {
  /** Target to send instead of the client's; null where it is sent as it came. */
  target: string | null;
  /** Value of Host instead of the client's; null where the client's field is kept. */
  host: string | null;
  /** Lower-case names that the client's Connection field lists; null for none. */
  listed: readonly string[] | null;
  /** Lower-case names with hyphens: the client's fields are dropped that read so once underscores are hyphens; null for none. */
  guarded: readonly string[] | null;
  /** Fields to set: name, value, name, value, ... They replace the client's. */
  set: readonly string[];
  /** Whole field lines about the client, each ended by CRLF; they replace the client's own claims. */
  forwarded: string;
  /** Whether the client is a trusted proxy, whose Forwarded field is kept. */
  trusted: boolean;
  /** Protocol to upgrade to; null for an ordinary request. */
  upgrade: string | null;
  /** Whether the client can take trailers (TE: trailers). */
  trailers: boolean;
  /** Method to send instead of the client's; null keeps it. */
  method: string | null;
  /** Length of a body that is sent instead of the client's; -1 keeps the client's framing. */
  length: number;
}

/**
 * The head that is sent to a server, as text whose characters are bytes.
 *
 * Lines that stay are taken from the client's head in runs, not field by field, so that a head that needs no change costs
 * one copy. What a client lists in Connection is taken out first, then ours is added: no client can take out what we say
 * about it (CVE-2024-45410), nor its Host or framing.
 */
export function encodeRequest(head: Head, edits: RequestEdits): string {
  const { count } = head;
  const { listed, guarded, set } = edits;
  const named = listed !== null || set.length > 0;
  const setHost = set.length > 0 && sets(set, 'host');
  let text = '';
  let run = -1;
  if (edits.target === null && edits.host === null && edits.method === null && head.minor === 1) run = head.start;
  else {
    text = `${edits.method ?? head.method()} ${edits.target ?? head.target()} HTTP/1.1\r\n`;
    if (edits.host !== null && !setHost) text += `Host: ${edits.host}\r\n`;
  }
  for (let i = 0; i < count; i++) {
    const kind = head.kind(i);
    let drop = DROPPED[kind] === 1;
    if (kind === Known.HOST) drop = edits.host !== null || setHost;
    else if (kind === Known.FORWARDED) drop = !edits.trusted;
    else if (kind === Known.EXPECT) drop = head.minor === 0 || edits.length >= 0;
    else if (kind === Known.CONTENT_LENGTH) drop = edits.length >= 0;
    else if (kind === 0 && (isAlias(head, i) || isIdentity(head, i))) drop = true;
    if (!drop && named) drop = isNamed(head, i, listed, set);
    if (!drop && guarded !== null) drop = isGuarded(head, i, guarded);
    const at = head.nameStart(i);
    if (!drop) {
      if (run === -1) run = at;
    } else if (run !== -1) {
      text += head.slice(run, at);
      run = -1;
    }
  }
  if (run !== -1) text += head.slice(run, head.end - 2);
  text += set.length > 0 ? unset(edits.forwarded, set) : edits.forwarded;
  if (edits.length >= 0) text += `Content-Length: ${edits.length}\r\n`;
  else if (head.bodyKind === BodyKind.CHUNKED || head.bodyKind === BodyKind.CLOSE)
    text += 'Transfer-Encoding: chunked\r\n';
  if (edits.upgrade !== null) text += `Connection: upgrade\r\nUpgrade: ${edits.upgrade}\r\n`;
  else if (edits.trailers) text += 'TE: trailers\r\nConnection: TE\r\n';
  for (let i = 0; i + 1 < set.length; i += 2) text += `${set[i]}: ${set[i + 1]}\r\n`;
  return `${text}\r\n`;
}

/** What a client says about itself: replaced by what we know. */
const CLAIMS: ReadonlySet<number> = new Set([
  Known.X_REAL_IP,
  Known.X_FORWARDED_FOR,
  Known.X_FORWARDED_PROTO,
  Known.X_FORWARDED_HOST,
  Known.REMOTE_HOST,
]);
const ALIASES: ReadonlySet<string> = new Set([
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'remote-host',
  'content-length',
  'transfer-encoding',
]);
/** By `Known`: 1 where the client's field is never forwarded. */
const DROPPED = Uint8Array.from({ length: 32 }, (_, kind) => (hopByHop(kind) || CLAIMS.has(kind) ? 1 : 0));

/** Whether the i-th field is one that the client lists in Connection, or one that the graph sets. */
function isNamed(head: Head, i: number, listed: readonly string[] | null, set: readonly string[]): boolean {
  const start = head.nameStart(i);
  const end = head.nameEnd(i);
  if (listed !== null) for (const name of listed) if (isText(head.bytes, start, end, name)) return true;
  // Lengths first: a name is rarely worth being made lower case.
  for (let k = 0; k < set.length; k += 2) {
    const name = set[k];
    if (name?.length === end - start && isText(head.bytes, start, end, name.toLowerCase())) return true;
  }
  return false;
}

/** Whether the graph sets a field; `name` in lower case. */
function sets(set: readonly string[], name: string): boolean {
  for (let k = 0; k < set.length; k += 2) {
    if (set[k]?.length === name.length && set[k]?.toLowerCase() === name) return true;
  }
  return false;
}

/** Our own lines without those that the graph sets. */
function unset(lines: string, set: readonly string[]): string {
  const kept = lines
    .split('\r\n')
    .filter((line) => line !== '' && !sets(set, line.slice(0, line.indexOf(':')).toLowerCase()));
  return kept.map((line) => `${line}\r\n`).join('');
}

/**
 * Whether a name reads as a field about the client or about framing once a server takes underscores for hyphens, as CGI and
 * its heirs do (CVE-2026-39858).
 */
function isAlias(head: Head, i: number): boolean {
  const start = head.nameStart(i);
  const end = head.nameEnd(i);
  if (end - start < 9 || end - start > 17) return false;
  let at = start;
  while (at < end && head.bytes[at] !== UNDERSCORE) at++;
  return at < end && ALIASES.has(head.name(i).toLowerCase().replaceAll('_', '-'));
}

/**
 * Whether a name reads as one of those by which a server is told what certificate a client has shown (RFC 9440, and ours), in
 * any spelling: `Client-Cert`, `Client-Cert-Chain`, `X-Client-Cert-Subject`.
 */
function isIdentity(head: Head, i: number): boolean {
  const { bytes } = head;
  const start = head.nameStart(i);
  const first = (bytes[start] ?? 0) | LOWER;
  if (first === LETTER_X) return ((bytes[start + 2] ?? 0) | LOWER) === LETTER_C && isIdentityName(head.name(i));
  return first === LETTER_C && ((bytes[start + 1] ?? 0) | LOWER) === LETTER_L && isIdentityName(head.name(i));
}

/** As `isIdentity`, for any name. */
export function isIdentityName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-');
  return plain.startsWith('client-cert') || plain.startsWith('x-client-cert');
}

const LOWER = 0x20;
const LETTER_C = 0x63;
const LETTER_L = 0x6c;
const LETTER_X = 0x78;

/** Whether the i-th field has one of these names in any spelling; `names` in lower case and with hyphens. */
function isGuarded(head: Head, i: number, names: readonly string[]): boolean {
  const length = head.nameEnd(i) - head.nameStart(i);
  for (const name of names)
    if (name.length === length && head.name(i).toLowerCase().replaceAll('_', '-') === name) return true;
  return false;
}

const UNDERSCORE = 0x5f;
