import type { Balancer, BalancerKind } from './balancer.ts';
import type { BalanceOptions } from './options/balance.ts';
import type { Server } from './server.ts';
import type { SlowStart } from './slow-start.ts';

/** How the servers of a group are chosen. */
export interface Choosing {
  readonly kind: BalancerKind;
  readonly options: BalanceOptions;
  readonly random: () => number;
  /** Null: servers have their full share from the first. */
  readonly slowStart: SlowStart | null;
}

/**
 * The servers of a group by priority: the first tier is used as long as any of it can be, then the next one; the backups are the
 * last.
 */
export class Tiers {
  readonly servers: readonly Server[];
  readonly #slowStart: SlowStart | null;
  readonly #tiers: readonly Tier[];

  /** `before`: what has chosen among this group until now. */
  constructor(servers: readonly Server[], choosing: Choosing, before: Tiers | null) {
    const { kind, options, random, slowStart } = choosing;
    this.servers = servers;
    this.#slowStart = slowStart;
    const byPriority = Map.groupBy(servers, ({ spec }) => (spec.backup ? Infinity : spec.priority));
    const known = before === null ? [] : before.#tiers;
    this.#tiers = [...byPriority]
      .toSorted(([a], [b]) => a - b)
      .map(([priority, members]) => {
        const former = known.find((tier) => tier.priority === priority)?.balancer ?? null;
        return { priority, servers: members, balancer: kind.make(members, { options, random, before: former }) };
      });
  }

  /** `now`: wheel time. `peeks`: balancers do not move on. */
  pick(tried: readonly Server[], key: number, now: number, peeks: boolean): Server | null {
    const slowStart = this.#slowStart;
    for (const tier of this.#tiers) {
      const { balancer } = tier;
      const server = peeks && balancer.peek !== undefined ? balancer.peek(tried, key) : balancer.pick(tried, key);
      if (server === null) continue;
      const isWarm = slowStart === null || slowStart.admits(server, tier.servers, key, now);
      return isWarm ? server : warmer(tier, server, tried, key, now, slowStart, peeks);
    }
    return null;
  }
}

interface Tier {
  /** Infinite for the backups. */
  readonly priority: number;
  readonly servers: readonly Server[];
  readonly balancer: Balancer;
}

/** Another server instead of one that is not warm yet; the same one if no other will do. */
function warmer(
  tier: Tier,
  first: Server,
  tried: readonly Server[],
  key: number,
  now: number,
  slowStart: SlowStart,
  peeks: boolean,
): Server {
  const cold = [...tried, first];
  for (let i = 0; i < MAX_COLD; i++) {
    const { balancer } = tier;
    const server = peeks && balancer.peek !== undefined ? balancer.peek(cold, key) : balancer.pick(cold, key);
    if (server === null) break;
    if (slowStart.admits(server, tier.servers, key, now)) return server;
    cold.push(server);
  }
  return first;
}

/** Where that many in a row have just come, one more request for the first of them does no harm. */
const MAX_COLD = 8;
