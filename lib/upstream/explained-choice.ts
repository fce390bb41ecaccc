import type { ExplainedServer, ExplainedUpstream } from '../core/explanation.ts';
import type { Affinity } from './affinity.ts';
import { usable } from './balancer.ts';
import { BreakerState } from './breaker.ts';
import { Barred } from './server-health.ts';
import type { Server } from './server.ts';
import type { Upstream } from './upstream.ts';

/** The servers of an upstream as a request finds them, and why each is in or out. `now`: wheel time. */
export function explainedChoice(
  upstream: Upstream,
  affinity: Readonly<Affinity>,
  chosen: Server | null,
  now: number,
): ExplainedUpstream {
  const { algorithm } = upstream.options.balance;
  const reasons = new Reasons(upstream, affinity, chosen, now);
  return {
    name: upstream.name,
    balancer: algorithm,
    tag: affinity.tag,
    chance: DRAWN.has(algorithm),
    breaker: breakerOf(upstream),
    servers: upstream.servers.map((server) => reasons.explain(server)),
  };
}

/** Balancers that draw lots. */
const DRAWN: ReadonlySet<string> = new Set(['random', 'weighted-random', 'p2c']);

class Reasons {
  readonly #upstream: Upstream;
  readonly #affinity: Readonly<Affinity>;
  readonly #chosen: Server | null;
  readonly #now: number;
  /** Server of the client's session. */
  readonly #session: Server | null;

  constructor(upstream: Upstream, affinity: Readonly<Affinity>, chosen: Server | null, now: number) {
    const { sessions } = upstream.choice;
    this.#upstream = upstream;
    this.#affinity = affinity;
    this.#chosen = chosen;
    this.#now = now;
    this.#session = affinity.session === null || sessions === null ? null : sessions.find(affinity.session);
  }

  explain(server: Server): ExplainedServer {
    const out = this.#out(server);
    const isChosen = server === this.#chosen;
    return {
      address: server.address,
      name: server.spec.name,
      weight: server.spec.weight,
      usable: isChosen || out.length === 0,
      chosen: isChosen,
      why: [
        ...(isChosen ? [this.#whyChosen(server)] : []),
        ...(out.length === 0 && !isChosen ? [this.#whyNot(server)] : out),
      ],
      in_flight: server.inFlight,
      fails: server.fails,
    };
  }

  #whyChosen(server: Server): string {
    if (server === this.#session) return "chosen: the client's session is here";
    if (!usable(server, [])) return 'chosen: every server that may be used has failed, so all are tried again';
    return `chosen: ${this.#upstream.options.balance.algorithm}`;
  }

  #whyNot({ spec }: Server): string {
    const first = this.#chosen?.spec;
    if (first === undefined) return 'could be chosen';
    if (this.#chosen === this.#session) return "could be chosen, but the client's session is at another one";
    if (spec.backup && !first.backup) return 'is a backup, and another one can be used';
    if (spec.priority > first.priority)
      return `has priority ${spec.priority}, and one of priority ${first.priority} can be used`;
    return `could be chosen; it is the turn of another one (${this.#upstream.options.balance.algorithm})`;
  }

  /** Everything that keeps a server from being chosen. */
  #out(server: Server): string[] {
    const { spec } = server;
    const { tags } = this.#upstream.options.balance;
    const why: string[] = [];
    if (spec.down) why.push('is down in its document');
    if (spec.drain) why.push('drains: takes only requests of its sessions');
    else if (spec.weight === 0 && server.share === 0 && !spec.down)
      why.push('has weight 0: takes only requests of its sessions');
    why.push(...this.#health(server), ...this.#failures(server));
    if (spec.maxConns > 0 && server.inFlight >= spec.maxConns)
      why.push(`has ${server.inFlight} of at most ${spec.maxConns} requests (max_conns)`);
    const { tag } = this.#affinity;
    if (tag !== null && !spec.tags.includes(tag)) why.push(`has not the tag ${tag}`);
    if (tags.length > 0 && !tags.some((wanted) => spec.tags.includes(wanted)))
      why.push(`has none of the tags ${tags.join(', ')}`);
    return why;
  }

  #health({ barred, healthy }: Server): string[] {
    if (healthy) return [];
    return BARS.filter(([bit]) => (barred & bit) !== 0).map(([, reason]) => reason);
  }

  #failures({ available, fails, spec, checkedAt }: Server): string[] {
    if (available) return [];
    const leftMs = Math.max(0, checkedAt + spec.failTimeoutMs - this.#now);
    return [
      `has failed ${fails} times (max_fails ${spec.maxFails}) and is left alone for ${(leftMs / 1000).toFixed(1)} s`,
    ];
  }
}

const BARS: readonly (readonly [number, string])[] = [
  [Barred.CHECKS, 'its health checks fail'],
  [Barred.EJECTED, 'was put out because of what its replies were like'],
  [Barred.UNCHECKED, 'begins down, and no health check has passed yet'],
];

function breakerOf({ guard }: Upstream): ExplainedUpstream['breaker'] {
  switch (guard?.breaker?.state) {
    case BreakerState.CLOSED:
      return 'closed';
    case BreakerState.OPEN:
      return 'open';
    case BreakerState.HALF_OPEN:
      return 'half-open';
    default:
      return null;
  }
}
