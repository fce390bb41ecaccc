import { ipv4Of, readIpv6 } from './ip-address.ts';

/**
 * A set of networks, as an operator lists them: `10.0.0.0/8`, `::1`, `192.0.2.7`. Decides whether an address belongs to one of
 * them, in some tens of nanoseconds however many there are: networks are kept as ranges that do not meet, in their order. An IPv4 address
 * that comes as IPv6 (`::ffff:10.0.0.1`, RFC 4291 2.5.5.2) is judged as the IPv4 address it is; other IPv6 networks have none in them.
 */
export class CidrList {
  readonly #ipv4: Ranges;
  readonly #ipv6: Ranges;

  /** Throws RangeError for a text `isCidr` refuses. */
  constructor(networks: readonly string[]) {
    const parsed = networks.map((network) => {
      const one = parseCidr(network);
      if (one === null) throw new RangeError(`not a network: ${network}`);
      return one;
    });
    this.#ipv4 = rangesOf(
      parsed.filter(({ words }) => words === 1),
      1,
    );
    this.#ipv6 = rangesOf(
      parsed.filter(({ words }) => words === 4),
      4,
    );
  }

  has(address: string): boolean {
    const ipv4 = ipv4Of(address);
    if (ipv4 !== -1) return this.#hasIpv4(ipv4);
    if (!readIpv6(address, 0, endOfAddress(address), ADDRESS)) return false;
    return isMapped(ADDRESS) ? this.#hasIpv4(ADDRESS[3] ?? 0) : isWithin(this.#ipv6, ADDRESS, 4);
  }

  #hasIpv4(address: number): boolean {
    ADDRESS[0] = address;
    return isWithin(this.#ipv4, ADDRESS, 1);
  }
}

export function isCidr(text: string): boolean {
  return parseCidr(text) !== null;
}

/** First and last address of each range, so many words of 32 bits each, in ascending order. */
interface Ranges {
  readonly count: number;
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

interface Cidr {
  readonly words: 1 | 4;
  readonly first: bigint;
  readonly last: bigint;
}

function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const end = slash === -1 ? text.length : slash;
  const ipv4 = ipv4Of(text, 0, end);
  if (ipv4 === -1 && !readIpv6(text, 0, end, ADDRESS)) return null;
  const most = ipv4 === -1 ? 128 : 32;
  const length = slash === -1 ? String(most) : text.slice(slash + 1);
  const bits = Number(length);
  if (!/^\d{1,3}$/.test(length) || bits > most) return null;
  if (ipv4 !== -1) return networkOf(BigInt(ipv4), bits, 1);
  if (isMapped(ADDRESS) && bits >= 96) return networkOf(BigInt(ADDRESS[3] ?? 0), bits - 96, 1);
  return networkOf(
    ADDRESS.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n),
    bits,
    4,
  );
}

function networkOf(address: bigint, bits: number, words: 1 | 4): Cidr {
  const size = 1n << BigInt(words * 32 - bits);
  const first = address - (address % size);
  return { words, first, last: first + size - 1n };
}

/** Networks that meet become one range. */
function rangesOf(networks: readonly Cidr[], words: 1 | 4): Ranges {
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of networks.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1n) merged.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return {
    count: merged.length,
    first: Uint32Array.from(merged.flatMap(({ first }) => wordsOf(first, words))),
    last: Uint32Array.from(merged.flatMap(({ last }) => wordsOf(last, words))),
  };
}

function wordsOf(address: bigint, words: 1 | 4): readonly number[] {
  return Array.from({ length: words }, (_, i) => Number((address >> BigInt(32 * (words - 1 - i))) & 0xffffffffn));
}

/** Whether the last range that does not begin behind the address reaches it. */
function isWithin({ count, first, last }: Ranges, address: Uint32Array, words: 1 | 4): boolean {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(first, middle * words, address, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && order(last, (low - 1) * words, address, words) >= 0;
}

/** Below zero, zero or above it: the address at an offset is before, the same as, or behind the other. */
function order(list: Uint32Array, at: number, address: Uint32Array, words: 1 | 4): number {
  for (let i = 0; i < words; i++) {
    const difference = (list[at + i] ?? 0) - (address[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether it is an IPv4 address in the dress of an IPv6 one. */
function isMapped(address: Uint32Array): boolean {
  return address[0] === 0 && address[1] === 0 && address[2] === 0xffff;
}

/** Where its zone begins, which says only by which interface it is reached. */
function endOfAddress(address: string): number {
  const zone = address.indexOf('%');
  return zone === -1 ? address.length : zone;
}

/** The address that is looked at. */
const ADDRESS = new Uint32Array(4);
