/** An IPv4 address as 32 bits, or -1 for any other text: four numbers from 0 to 255, without zeros in front. */
export function ipv4Of(text: string, from = 0, to = text.length): number {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (octet === -1 || ++dots > 3) return -1;
      address = address * 256 + octet;
      octet = -1;
      continue;
    }
    if (code < ZERO || code > NINE || octet === 0) return -1;
    octet = octet === -1 ? code - ZERO : octet * 10 + code - ZERO;
    if (octet > 255) return -1;
  }
  return dots === 3 && octet !== -1 ? address * 256 + octet : -1;
}

/**
 * Reads an IPv6 address (RFC 4291 2.2, as inet_pton does: no zone) into four words of 32 bits, the first one first. False for any other text.
 *
 *     2001:db8::192.0.2.1  --->  20010db8 00000000 00000000 c0000201
 */
export function readIpv6(text: string, from: number, to: number, words: Uint32Array): boolean {
  let count = 0;
  // How many groups stand before the two colons; -1: there are none.
  let gap = -1;
  let at = from;
  if (text.charCodeAt(at) === COLON) {
    if (to - at < 2 || text.charCodeAt(at + 1) !== COLON) return false;
    gap = 0;
    at += 2;
  }
  while (at < to) {
    const start = at;
    let group = 0;
    for (let digit = hexOf(text.charCodeAt(at)); at < to && digit !== -1; digit = hexOf(text.charCodeAt(++at)))
      group = group * 16 + digit;
    if (at < to && text.charCodeAt(at) === DOT) {
      const ipv4 = ipv4Of(text, start, to);
      if (ipv4 === -1 || count > 6) return false;
      GROUPS[count++] = ipv4 >>> 16;
      GROUPS[count++] = ipv4 & 0xffff;
      break;
    }
    if (at === start || at - start > 4 || count === 8) return false;
    GROUPS[count++] = group;
    if (at >= to) break;
    if (text.charCodeAt(at) !== COLON || ++at >= to) return false;
    if (text.charCodeAt(at) === COLON) {
      if (gap !== -1) return false;
      gap = count;
      at++;
    }
  }
  if (gap === -1 ? count !== 8 : count === 8) return false;
  const before = gap === -1 ? 8 : gap;
  for (let i = 0; i < 4; i++) words[i] = groupAt(2 * i, before, count) * 0x10000 + groupAt(2 * i + 1, before, count);
  return true;
}

/** The i-th of eight groups: those behind the two colons are the last ones. */
function groupAt(i: number, before: number, count: number): number {
  if (i < before) return GROUPS[i] ?? 0;
  const behind = i - (8 - (count - before));
  return behind < 0 ? 0 : (GROUPS[before + behind] ?? 0);
}

function hexOf(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** Of the address that is being read. */
const GROUPS = new Uint32Array(8);
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
