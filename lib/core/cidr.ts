import { BlockList, isIP } from 'node:net';

/**
 * A set of networks, as an operator lists them: `10.0.0.0/8`, `::1`, `192.0.2.7`. Decides whether an address belongs to one of
 * them. An IPv4 address that comes as IPv6 (`::ffff:10.0.0.1`, RFC 4291 2.5.5.2) is judged as the IPv4 address it is.
 */
export class CidrList {
  // One list each: a list of IPv6 networks would also judge IPv4 addresses, as ::ffff:0:0/96, and let them into ::/0.
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();
  /** A client asks many times, and a list takes half a microsecond. */
  readonly #recent = new Map<string, boolean>();

  /** Throws RangeError for a text `isCidr` refuses. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const parsed = parseCidr(network);
      if (parsed === null) throw new RangeError(`not a network: ${network}`);
      const list = parsed.family === 'ipv4' ? this.#ipv4 : this.#ipv6;
      list.addSubnet(parsed.address, parsed.bits, parsed.family);
    }
  }

  has(address: string): boolean {
    const known = this.#recent.get(address);
    if (known !== undefined) return known;
    const isIn = this.#judge(address);
    if (this.#recent.size >= MAX_RECENT) this.#recent.clear();
    this.#recent.set(address, isIn);
    return isIn;
  }

  #judge(address: string): boolean {
    const plain = plainAddress(address);
    switch (isIP(plain)) {
      case 4:
        return this.#ipv4.check(plain, 'ipv4');
      case 6:
        return this.#ipv6.check(plain, 'ipv6');
      default:
        return false;
    }
  }
}

const MAX_RECENT = 256;

export function isCidr(text: string): boolean {
  return parseCidr(text) !== null;
}

interface Cidr {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return null;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const most = version === 4 ? 32 : 128;
  if (slash === -1) return { address, bits: most, family };
  const length = text.slice(slash + 1);
  const bits = Number(length);
  if (!/^\d{1,3}$/.test(length) || bits > most) return null;
  return { address, bits, family };
}

const MAPPED = '::ffff:';

/** The address without its IPv6 zone and without the IPv6 dress of an IPv4 address. */
function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  const isMapped = bare.slice(0, MAPPED.length).toLowerCase() === MAPPED && isIP(bare.slice(MAPPED.length)) === 4;
  return isMapped ? bare.slice(MAPPED.length) : bare;
}
