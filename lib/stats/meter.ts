/**
 * A worker's counts of proxied requests since the last drain, by host. Counting is one lookup and three additions; what a
 * receiver of statistics wants to be told is worked out when it drains them.
 *
 * Memory is bounded: the client chooses the host, so that beyond `maxHosts` different ones the rest counts as `OTHER`, and
 * beyond `maxCosts` times are only counted as lost.
 */
export class Meter {
  readonly #maxHosts: number;
  readonly #maxCosts: number;
  #hosts = new Map<string, HostCounts>();
  #costs = 0;
  #lostCosts = 0;

  constructor(bounds: MeterBounds = DEFAULT_BOUNDS) {
    this.#maxHosts = bounds.maxHosts;
    this.#maxCosts = bounds.maxCosts;
  }

  /**
   * Counts one request that was given to a server. `host` in lower case without port, or its `statKey`; `status` the last one
   * seen, `costMs` the time spent on servers over all tries.
   */
  exchange(host: string, status: number, costMs: number): void {
    const counts = this.#hosts.get(host) ?? this.#add(host);
    counts.total++;
    counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
    if (this.#costs < this.#maxCosts) {
      this.#costs++;
      counts.costsMs.push(costMs);
    } else {
      this.#lostCosts++;
    }
  }

  /** Hands over everything counted since the last drain; the counts are the receiver's from then on. */
  drain(): ReadonlyMap<string, HostCounts> {
    const drained = this.#hosts;
    this.#hosts = new Map();
    this.#costs = 0;
    return drained;
  }

  /** How many times found no room since this was asked last. */
  takeLostCosts(): number {
    const lost = this.#lostCosts;
    this.#lostCosts = 0;
    return lost;
  }

  #add(host: string): HostCounts {
    const known = this.#hosts.size < this.#maxHosts && host.length <= MAX_HOST_LENGTH;
    const name = known ? host : OTHER;
    const counts = this.#hosts.get(name) ?? { total: 0, statuses: new Map(), costsMs: [] };
    this.#hosts.set(name, counts);
    return counts;
  }
}

/**
 * A host as part of a metric's name: lower case, no port, dots as underscores, and an underscore for every byte that ends or
 * splits a name at some receiver.
 */
export function statKey(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, MAX_HOST_LENGTH);
}

/** Counts of one host. */
export interface HostCounts {
  total: number;
  /** Requests by status. */
  readonly statuses: Map<number, number>;
  /** Milliseconds of each request. */
  readonly costsMs: number[];
}

/** What may be held between two drains. */
export interface MeterBounds {
  readonly maxHosts: number;
  readonly maxCosts: number;
}

/** Stands for every host beyond the bound; no host can have this name. */
export const OTHER = '/other';

const DEFAULT_BOUNDS: MeterBounds = { maxHosts: 4096, maxCosts: 65_536 };

/** Longest name in the DNS (RFC 1035 2.3.4). */
const MAX_HOST_LENGTH = 255;
