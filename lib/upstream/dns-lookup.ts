import { lookup, Resolver } from 'node:dns/promises';
import type { Address, Answer, Lookup } from './resolve.ts';
import { isSrvName } from './server-name.ts';

/**
 * Looks names up, with the time for which the answer holds.
 *
 * With servers of its own it asks nobody else. Without, the addresses are what the machine itself says - hosts file, search
 * domains, whatever `nsswitch.conf` has - and DNS is only asked how long that holds. Names such as `_http._tcp.a.test` are SRV
 * records (RFC 2782), which only DNS has.
 */
export class DnsLookup {
  readonly #resolver = new Resolver({ timeout: 2000, tries: 2 });
  readonly #isOwn: boolean;

  /** `servers`: addresses of DNS servers, with or without a port; null: those of the machine. */
  constructor(servers: readonly string[] | null) {
    this.#isOwn = servers !== null;
    if (servers !== null) this.#resolver.setServers([...servers]);
  }

  readonly lookup: Lookup = (host) => {
    if (isSrvName(host)) return this.#service(host);
    return this.#isOwn ? this.#asked(host) : this.#machine(host);
  };

  /**
   * Addresses of both families as DNS says. One family is enough, and the other is missing unless DNS says that it has none: servers that
   * answer badly for one of them are many. What it says when neither has any is the first one's reason.
   */
  async #asked(host: string): Promise<Answer> {
    const [four, six] = await Promise.allSettled([
      this.#resolver.resolve4(host, { ttl: true }),
      this.#resolver.resolve6(host, { ttl: true }),
    ]);
    if (four.status === 'rejected' && six.status === 'rejected') throw reasonOf(four.reason);
    const records = [four, six].flatMap((found) => (found.status === 'fulfilled' ? found.value : []));
    const addresses = records.map(({ address }) => address);
    const ttlMs = leastOf(records.map(({ ttl }) => ttl * 1000));
    if (isUnknown(four)) return { addresses, ttlMs, missing: 4 };
    return isUnknown(six) ? { addresses, ttlMs, missing: 6 } : { addresses, ttlMs };
  }

  async #machine(host: string): Promise<Answer> {
    const [found, asked] = await Promise.all([
      lookup(host, { all: true }),
      this.#asked(host).catch((): Answer => ({ addresses: [], ttlMs: null })),
    ]);
    const addresses = found.map(({ address }) => address);
    const isFromDns = addresses.every((address) => asked.addresses.includes(address));
    return { addresses, ttlMs: isFromDns ? asked.ttlMs : null };
  }

  /** The servers of a service: those of the least priority, and the others as backups. A target without address is left out. */
  async #service(name: string): Promise<Answer> {
    const records = await this.#resolver.resolveSrv(name);
    const first = Math.min(...records.map(({ priority }) => priority));
    const found = await Promise.allSettled(
      records.map(async ({ name: target, port, weight, priority }) => {
        const { addresses, ttlMs, missing } = await this.#asked(target);
        const place = { port, weight: Math.max(weight, 1), backup: priority > first };
        return { addresses: addresses.map((host) => ({ ...place, host: String(host) })), ttlMs, missing };
      }),
    );
    const parts = found.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : []));
    const failed = found.find((part) => part.status === 'rejected');
    if (parts.length === 0 && failed !== undefined) throw reasonOf(failed.reason);
    const addresses: Address[] = parts.flatMap((part) => part.addresses);
    // How long the SRV records themselves hold is not told (Node's `resolveSrv`).
    const ttlMs = leastOf([SERVICE_TTL_MS, ...parts.map((part) => part.ttlMs ?? SERVICE_TTL_MS)]);
    const isWhole = found.every(
      (part) => !isUnknown(part) && (part.status === 'rejected' || part.value.missing === undefined),
    );
    return isWhole ? { addresses, ttlMs } : { addresses, ttlMs, missing: 'any' };
  }
}

const SERVICE_TTL_MS = 30_000;

function leastOf(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.min(...times);
}

/** Nobody has said what is, nor that nothing is. */
function isUnknown(found: PromiseSettledResult<unknown>): boolean {
  if (found.status === 'fulfilled') return false;
  const { code } = Object(found.reason) as { code?: unknown }; // c-ares says it so
  return code !== 'ENODATA' && code !== 'ENOTFOUND';
}

function reasonOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
