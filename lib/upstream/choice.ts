import type { Wheel } from '../core/wheel.ts';
import type { Affinity } from './affinity.ts';
import { usable, type BalancerKind, type Measure } from './balancer.ts';
import type { Algorithm, HashOptions } from './options/balance.ts';
import type { UpstreamOptions } from './options/index.ts';
import { Sessions } from './sessions.ts';
import type { Server } from './server.ts';
import { areLevel } from './server-spec.ts';
import { SlowStart } from './slow-start.ts';
import { Tiers, type Choosing } from './tiers.ts';

/** What every choice of this process rests on. */
export interface ChoiceMeans {
  readonly wheel: Wheel;
  readonly balancers: Readonly<Record<Algorithm, BalancerKind>>;
  readonly random: () => number;
}

/**
 * The choice among the servers of an upstream: disposable, made anew for every list and for every change of the options.
 *
 *     session of the client, while its server can be used
 *       else: servers with the tag that was asked for
 *         -> the first tier that has a usable one -> balancer -> slow start
 */
export class Choice {
  /** Null: clients have no sessions. */
  readonly sessions: Sessions | null;
  /** What of a request is hashed; null: nothing. */
  readonly hash: HashOptions | null;
  readonly #wheel: Wheel;
  readonly #choosing: Choosing;
  readonly #all: Tiers;
  /** By tag, each made when it is first asked for. */
  readonly #tagged = new Map<string, Tiers>();

  /** `before`: the choice until now, of the same upstream. */
  constructor(
    name: string,
    servers: readonly Server[],
    options: UpstreamOptions,
    means: ChoiceMeans,
    before: Choice | null,
  ) {
    const { balance, sticky } = options;
    const kind = means.balancers[balance.algorithm];
    const slowStart = balance.slowStartMs === 0 ? null : new SlowStart(balance);
    const wanted = balance.tags.length === 0 ? servers : servers.filter((server) => hasAny(server, balance.tags));
    share(wanted, kind.measures);
    if (slowStart === null) for (const server of wanted) server.part = 1;
    this.#wheel = means.wheel;
    this.#choosing = { kind, options: balance, random: means.random, slowStart };
    this.#all = new Tiers(wanted, this.#choosing, before === null ? null : before.#all);
    this.sessions = sticky.cookie === '' ? null : new Sessions(name, sticky, wanted, before?.sessions ?? null);
    this.hash = kind.keyed ? balance.hash : null;
  }

  /** A server for the next try; null if no server is usable that was not tried yet. `peeks`: balancers do not move on. */
  pick(tried: readonly Server[], affinity: Readonly<Affinity>, peeks = false): Server | null {
    const { session, tag, key } = affinity;
    const { now } = this.#wheel;
    this.#choosing.slowStart?.refresh(this.#all.servers, now);
    if (session !== null && this.sessions !== null) {
      const server = this.sessions.find(session);
      if (server !== null && (tag === null || server.spec.tags.includes(tag)) && usable(server, tried)) return server;
    }
    if (tag === null) return this.#all.pick(tried, key, now, peeks);
    const server = this.#withTag(tag)?.pick(tried, key, now, peeks) ?? null;
    return server === null && this.#choosing.options.anyTag ? this.#all.pick(tried, key, now, peeks) : server;
  }

  /** The field that a reply of this server needs for the client to come back to it; empty if it will. */
  sessionLine(affinity: Readonly<Affinity>, server: Server): string {
    const { sessions } = this;
    if (sessions === null) return '';
    const present = affinity.session === null ? null : sessions.find(affinity.session);
    // One that is only full at this moment keeps its client.
    const stays = present === server || (present !== null && !present.spec.down && present.available);
    return stays ? '' : sessions.lineFor(server);
  }

  #withTag(tag: string): Tiers | null {
    const known = this.#tagged.get(tag);
    if (known !== undefined) return known;
    const servers = this.#all.servers.filter(({ spec }) => spec.tags.includes(tag));
    if (servers.length === 0) return null;
    const tiers = new Tiers(servers, this.#choosing, null);
    this.#tagged.set(tag, tiers);
    return tiers;
  }
}

/** Servers of weight 0 have no share, unless all that are neither down nor draining are like that. */
function share(servers: readonly Server[], measures: Measure | null): void {
  const isLevel = areLevel(servers.map(({ spec }) => spec));
  for (const server of servers) {
    const { weight, down, drain } = server.spec;
    server.share = down || drain ? 0 : isLevel ? 1 : weight;
    server.measure(measures);
  }
}

function hasAny(server: Server, tags: readonly string[]): boolean {
  return tags.some((tag) => server.spec.tags.includes(tag));
}
