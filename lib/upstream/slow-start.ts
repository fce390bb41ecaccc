import { mixBits } from '../core/hash.ts';
import type { BalanceOptions } from './options/balance.ts';
import type { Server } from './server.ts';

/**
 * Slow start: which choices of a server that has just come, or come back, stand. They are a part of all that the balancer
 * makes, which grows from `slowStartLeast` to 1; the others go to other servers. So it works with every algorithm. Those that
 * look for the least load would choose such a server again and again: they count its load by its `part`, too. The time when a
 * server has come is kept on the server: changes do not begin anew.
 */
export class SlowStart {
  readonly #options: BalanceOptions;
  #at = 0;

  constructor(options: BalanceOptions) {
    this.#options = options;
  }

  /** Brings the parts of servers up to the time; once per tick of the wheel. */
  refresh(servers: readonly Server[], now: number): void {
    if (now === this.#at) return;
    this.#at = now;
    for (const server of servers) server.part = this.part(now - server.startedAt);
  }

  /** `tier`: those that it was chosen among; `key`: as a balancer gets it; `now`: wheel time. */
  admits(server: Server, tier: readonly Server[], key: number, now: number): boolean {
    const own = this.part(now - server.startedAt);
    if (own >= 1) return true;
    const part = own / this.#largest(tier, now);
    if (part >= 1) return true;
    // By key, the same requests stay once they have come.
    if (key !== 0) return mixBits(~key) / 2 ** 32 < part;
    server.warmth += part;
    if (server.warmth < 1) return false;
    server.warmth -= 1;
    return true;
  }

  /** Where no server has its full share, the largest counts as full: somebody has to take the requests. */
  #largest(tier: readonly Server[], now: number): number {
    let largest = 0;
    for (const server of tier) {
      if (server.share === 0 || !server.available) continue;
      largest = Math.max(largest, this.part(now - server.startedAt));
      if (largest >= 1) break;
    }
    return largest;
  }

  /** Part of its share that a server has after this time. */
  part(ms: number): number {
    const { slowStartMs, slowStartAggression, slowStartLeast } = this.#options;
    if (ms >= slowStartMs) return 1;
    return Math.max(slowStartLeast, Math.max(0, ms / slowStartMs) ** (1 / slowStartAggression));
  }
}
