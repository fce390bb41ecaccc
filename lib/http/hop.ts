import { byteAt, isText } from './bytes.ts';
import { COMMA, SP, TAB } from './chars.ts';
import { BodyKind, Known, type Head } from './head.ts';

/**
 * Whether a field of this kind is about the connection it came on, and is never forwarded (RFC 9110 7.6.1).
 *
 * Proxy-Authenticate and Proxy-Authorization are among them: they are between a client and the proxy it has chosen
 * (11.7), which a gateway is not, and its credentials are nobody else's.
 */
export function hopByHop(known: number): boolean {
  return HOP_BY_HOP[known] === 1;
}

/**
 * Names of the head's fields that its Connection fields list, in lower case, or null for none: they are not forwarded either
 * (RFC 9110 7.6.1).
 *
 * Names of `Known` are never among them. They are hop-by-hop anyway, or the proxy acts on them itself, and a client that
 * lists Host, Content-Length or X-Forwarded-For takes nothing out (CVE-2024-45410, CVE-2025-48865, CVE-2026-26365).
 * Cost: in proportion to the head, however long the list.
 */
export function connectionNames(head: Head): string[] | null {
  if ((head.seen & (1 << Known.CONNECTION)) === 0 || isUsual(head)) return null;
  const listed = new Set<string>();
  for (let i = 0; i < head.count; i++) {
    if (head.known[i] !== Known.CONNECTION) continue;
    for (const option of head.value(i).split(',')) listed.add(option.trim().toLowerCase());
  }
  let names: string[] | null = null;
  for (let i = 0; i < head.count; i++) {
    if (head.known[i] !== 0) continue;
    const name = head.name(i).toLowerCase();
    // Deleted, so that a name that is there twice is told once.
    if (listed.delete(name)) (names ??= []).push(name);
  }
  return names;
}

/**
 * Whether the client asks for another protocol in a way that is passed on: Connection lists upgrade, Upgrade names
 * something, HTTP/1.1, no body (RFC 9110 7.8). Not to h2c: it was withdrawn (RFC 9113 3.1), and its tunnel carries
 * requests past every rule.
 */
export function wantsUpgrade(head: Head): boolean {
  if ((head.seen & (1 << Known.UPGRADE)) === 0 || head.minor !== 1) return false;
  if (head.bodyKind !== BodyKind.NONE && (head.bodyKind !== BodyKind.LENGTH || head.bodyLength !== 0)) return false;
  return listHas(head, Known.CONNECTION, 'upgrade') && namesProtocol(head) && !listHas(head, Known.UPGRADE, 'h2c');
}

/** Whether any field of a kind has `token` (in lower case) in its comma-separated list; case does not matter. */
export function listHas(head: Head, known: number, token: string): boolean {
  if ((head.seen & (1 << known)) === 0) return false;
  const { bytes } = head;
  for (let i = 0; i < head.count; i++) {
    if (head.known[i] !== known) continue;
    const end = head.valueEnd(i);
    let at = head.valueStart(i);
    while (at < end) {
      while (at < end && isSeparator(byteAt(bytes, at))) at++;
      let last = at;
      const from = at;
      for (; at < end && bytes[at] !== COMMA; at++) if (!isSeparator(byteAt(bytes, at))) last = at + 1;
      if (isText(bytes, from, last, token)) return true;
    }
  }
  return false;
}

const HOP_BY_HOP = new Uint8Array(32);
for (const known of [
  Known.CONNECTION,
  Known.KEEP_ALIVE,
  Known.PROXY_CONNECTION,
  Known.TE,
  Known.TRAILER,
  Known.TRANSFER_ENCODING,
  Known.UPGRADE,
  Known.PROXY_AUTHENTICATE,
  Known.PROXY_AUTHORIZATION,
])
  HOP_BY_HOP[known] = 1;

/** Whether every Connection field is one option that names no field, as nearly all are. */
function isUsual(head: Head): boolean {
  for (let i = 0; i < head.count; i++) {
    if (head.known[i] !== Known.CONNECTION) continue;
    const from = head.valueStart(i);
    const to = head.valueEnd(i);
    const option = USUAL[to - from];
    if (option === undefined || !isText(head.bytes, from, to, option)) return false;
  }
  return true;
}

/** By length: the options that name no field. */
const USUAL: readonly (string | undefined)[] = Array.from({ length: 11 }, (_, length) =>
  ['close', 'upgrade', 'keep-alive'].find((option) => option.length === length),
);

/** Whether some Upgrade field has a value. */
function namesProtocol(head: Head): boolean {
  for (let i = 0; i < head.count; i++)
    if (head.known[i] === Known.UPGRADE && head.valueStart(i) !== head.valueEnd(i)) return true;
  return false;
}

function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === SP || byte === TAB;
}
