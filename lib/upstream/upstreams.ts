import type { Wheel } from '../core/wheel.ts';
import type { BalancerKind } from './balancer.ts';
import { Server } from './server.ts';
import { serverKey, type ServerSpec } from './server-spec.ts';
import { Upstream } from './upstream.ts';

/** What every server of this process shares. */
export interface UpstreamsOptions {
  readonly wheel: Wheel;
  readonly balancer: BalancerKind;
  /** Longest idleness of a server connection, in milliseconds. */
  readonly idleMs: number;
}

/**
 * All upstreams of a worker: those of the table by name, and those that a graph names directly as `host:port`,
 * `http://host:port` or `https://host:port`, which are made when first asked for.
 */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #named = new Map<string, Upstream>();
  readonly #direct = new Map<string, Upstream>();

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  /** The upstream of that name, or the server that the name addresses; null if it is neither. */
  get(name: string): Upstream | null {
    return this.#named.get(name) ?? this.#direct.get(name) ?? this.#makeDirect(name);
  }

  /** Replaces an upstream's servers. A server that stays is the same object, with connections, counters and health. */
  set(name: string, specs: readonly ServerSpec[]): void {
    let upstream = this.#named.get(name);
    if (upstream === undefined) {
      upstream = new Upstream(name, this.#options.balancer);
      this.#named.set(name, upstream);
    }
    const before = new Map(upstream.servers.map((server) => [serverKey(server.spec), server]));
    const after: Server[] = [];
    for (const spec of specs) {
      const key = serverKey(spec);
      const known = before.get(key);
      before.delete(key);
      if (known === undefined) after.push(this.#make(spec));
      else {
        if (known.spec.weight !== spec.weight) known.effectiveWeight = spec.weight;
        known.spec = spec;
        after.push(known);
      }
    }
    upstream.replace(after);
    for (const gone of before.values()) gone.unlist();
  }

  names(): IterableIterator<string> {
    return this.#named.keys();
  }

  delete(name: string): void {
    const upstream = this.#named.get(name);
    this.#named.delete(name);
    if (upstream !== undefined) close(upstream);
  }

  clear(): void {
    for (const name of this.#named.keys()) this.delete(name);
  }

  /** Closes every idle connection; those in use are closed when their exchange is over. */
  close(): void {
    this.clear();
    for (const upstream of this.#direct.values()) close(upstream);
    this.#direct.clear();
  }

  #make(spec: ServerSpec): Server {
    const { wheel, idleMs } = this.#options;
    return new Server(spec, { host: spec.host, port: spec.port, path: '', secure: false }, wheel, idleMs);
  }

  #makeDirect(name: string): Upstream | null {
    const address = DIRECT.exec(name);
    if (address === null || (address.groups?.['scheme'] ?? address.groups?.['port']) === undefined) return null;
    const { wheel, idleMs, balancer } = this.#options;
    const secure = address.groups?.['scheme'] === 'https';
    const host = address.groups?.['six'] ?? address.groups?.['host'] ?? '';
    const port = Number(address.groups?.['port'] ?? (secure ? 443 : 80));
    if (port < 1 || port > 65535) return null;
    const spec: ServerSpec = { ...ALONE, name, host, port };
    const upstream = new Upstream(name, balancer);
    upstream.replace([new Server(spec, { host, port, path: '', secure }, wheel, idleMs)]);
    if (this.#direct.size >= MAX_DIRECT) this.#dropIdleDirect();
    this.#direct.set(name, upstream);
    return upstream;
  }

  /** Documents come and go; the servers they named directly are let go when many have gathered. */
  #dropIdleDirect(): void {
    for (const [name, upstream] of this.#direct) {
      if (upstream.servers.some((server) => server.inFlight > 0)) continue;
      close(upstream);
      this.#direct.delete(name);
    }
  }
}

/** Either a scheme, with or without a port, or a port: a bare word is the name of an upstream. */
const DIRECT =
  /^(?:(?<scheme>https?):\/\/)?(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?\/?$/;

const MAX_DIRECT = 1000;

/** Parameters of a server that is named directly: alone, so never taken out. */
const ALONE = { weight: 1, maxFails: 0, failTimeoutMs: 10_000, backup: false, down: false, maxConns: 0 } as const;

function close(upstream: Upstream): void {
  for (const server of upstream.servers) server.unlist();
}
