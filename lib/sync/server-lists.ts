import { isIPv6 } from 'node:net';
import type { TableChange } from '../change.ts';
import type { ServerView } from '../control.ts';
import { formatParameters, parseServer } from '../upstream/parameters.ts';
import type { ServerParameters } from '../upstream/parameters.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import type { Address } from '../upstream/resolve.ts';
import { isLookedUp, UNIX } from '../upstream/server-name.ts';
import { serverKey } from './keys.ts';
import type { Rejection } from './reports.ts';

/** The upstreams in force: their servers, of each the last good parameters, and the addresses of those that have a name. */
export class ServerLists {
  readonly #rejected: Map<string, Rejection>;
  /** Upstream to server key to parameters; null: never good. */
  readonly #lists = new Map<string, Map<string, ServerParameters | null>>();
  /** Host name to the upstreams that use it, and how often. */
  readonly #users = new Map<string, Map<string, number>>();
  readonly #addresses = new Map<string, readonly Address[]>();
  /** What is expected to be said of servers, by upstream and server. */
  readonly #prepared = new Map<string, Map<string, PreparedServer>>();
  /** The upstream that was expected last. */
  #preparing: string | null = null;
  /** In order; null after an upstream came or went. */
  #names: readonly string[] | null = null;

  constructor(rejected: Map<string, Rejection>) {
    this.#rejected = rejected;
  }

  has(upstream: string): boolean {
    return this.#lists.has(upstream);
  }

  /** In the order of their characters. */
  get names(): readonly string[] {
    this.#names ??= [...this.#lists.keys()].toSorted();
    return this.#names;
  }

  /** Whether a host name is in use: it has to be resolved. */
  uses(host: string): boolean {
    return this.#users.has(host);
  }

  /** Names of an upstream's keys, with the empty one where the upstream is said to exist without servers. */
  keysOf(upstream: string): readonly string[] {
    return [...(this.#lists.get(upstream)?.keys() ?? [])];
  }

  good(upstream: string, server: string): string | null {
    const parameters = this.#lists.get(upstream)?.get(server) ?? null;
    return parameters === null ? null : formatParameters(parameters);
  }

  /** Takes a server's newest parameters, or its removal. Answers the host names whose use began or ended with that. */
  update(upstream: string, server: string, text: string | null, now: number): readonly string[] {
    const known = this.#lists.get(upstream);
    const list = known ?? new Map<string, ServerParameters | null>();
    const before = list.get(server) ?? null;
    const after = text === null ? null : this.#accept(upstream, server, text, before, now);
    if (text === null) {
      this.#rejected.delete(serverKey(upstream, server));
      list.delete(server);
    } else list.set(server, after);
    if (list.size === 0) this.#lists.delete(upstream);
    else this.#lists.set(upstream, list);
    if (list.size === 0 || known === undefined) this.#names = null;
    return this.#moveUse(upstream, before, after);
  }

  /**
   * Reads parameters that are expected to come. Those of an upstream come together: answers what would be told of the one before, if this
   * is another one and that does not depend on anything else.
   */
  prepare(upstream: string, server: string, text: string): TableChange | null {
    const before = this.#preparing;
    this.#preparing = upstream;
    const list = this.#prepared.get(upstream) ?? new Map<string, PreparedServer>();
    this.#prepared.set(upstream, list);
    list.set(server, { text, parsed: parsed(server, text) });
    return before === null || before === upstream ? null : this.#expected(before);
  }

  /** Nothing is expected any more. */
  forgetPrepared(): void {
    this.#prepared.clear();
    this.#preparing = null;
  }

  #expected(upstream: string): TableChange | null {
    const servers: ServerParameters[] = [];
    for (const { parsed: server } of this.#prepared.get(upstream)?.values() ?? []) {
      if (server === null) continue;
      if ('problem' in server || isLookedUp(server.host)) return null;
      servers.push(server);
    }
    return { kind: 'upstream', name: upstream, servers: inOrder(servers) };
  }

  /** New addresses of a host name; answers the upstreams that use it. */
  resolved(host: string, addresses: readonly Address[]): readonly string[] {
    this.#addresses.set(host, addresses);
    return [...(this.#users.get(host)?.keys() ?? [])];
  }

  /** Forgets the addresses of a name that nobody uses. */
  forget(host: string): void {
    if (!this.uses(host)) this.#addresses.delete(host);
  }

  change(upstream: string): TableChange {
    const servers = this.has(upstream) ? this.#servers(upstream).flatMap((server) => this.#specs(server)) : null;
    return { kind: 'upstream', name: upstream, servers };
  }

  views(): Record<string, readonly ServerView[]> {
    return Object.fromEntries(
      this.names.map((name) => [name, this.#servers(name).map((server) => this.#view(server))]),
    );
  }

  /** Servers and parameters as documents say them. */
  texts(): Record<string, Readonly<Record<string, string>>> {
    return Object.fromEntries(this.names.map((name) => [name, this.text(name) ?? {}]));
  }

  /** Of one upstream; undefined: it is not there. */
  text(upstream: string): Readonly<Record<string, string>> | undefined {
    if (!this.has(upstream)) return undefined;
    return Object.fromEntries(this.#servers(upstream).map((server) => [server.name, formatParameters(server)]));
  }

  #accept(
    upstream: string,
    server: string,
    text: string,
    lastGood: ServerParameters | null,
    now: number,
  ): ServerParameters | null {
    const prepared = this.#prepared.get(upstream)?.get(server);
    const read = prepared?.text === text ? prepared.parsed : parsed(server, text);
    if (read !== null && 'problem' in read) {
      const key = serverKey(upstream, server);
      const problems = [{ at: '', msg: read.problem }];
      const since = this.#rejected.get(key)?.since ?? now;
      this.#rejected.set(key, { reason: read.problem, problems, since, hasLastGood: lastGood !== null });
      return lastGood;
    }
    // To make a key takes longer than all else here.
    if (this.#rejected.size > 0) this.#rejected.delete(serverKey(upstream, server));
    return read;
  }

  #moveUse(upstream: string, before: ServerParameters | null, after: ServerParameters | null): readonly string[] {
    const moved: string[] = [];
    if (after !== null && this.#count(after, upstream, 1)) moved.push(after.host);
    if (before !== null && this.#count(before, upstream, -1)) moved.push(before.host);
    return moved;
  }

  /** True where that began or ended a name's use. */
  #count({ host }: ServerParameters, upstream: string, by: 1 | -1): boolean {
    if (!isLookedUp(host)) return false;
    const users = this.#users.get(host) ?? new Map<string, number>();
    const isFirst = users.size === 0;
    const count = (users.get(upstream) ?? 0) + by;
    if (count === 0) users.delete(upstream);
    else users.set(upstream, count);
    if (users.size === 0) this.#users.delete(host);
    else this.#users.set(host, users);
    return isFirst || users.size === 0;
  }

  /** In the order of their names, whatever the order in which they were told. */
  #servers(upstream: string): ServerParameters[] {
    return inOrder([...(this.#lists.get(upstream)?.values() ?? [])].filter((server) => server !== null));
  }

  #specs(server: ServerParameters): ServerSpec[] {
    if (!isLookedUp(server.host)) return [server];
    return (this.#addresses.get(server.host) ?? []).map((address) => specAt(server, address));
  }

  #view(server: ServerParameters): ServerView {
    const addresses = this.#specs(server).map(placeOf);
    return {
      addr: addresses.length > 1 ? addresses : (addresses[0] ?? server.name),
      name: server.name,
      weight: server.weight,
      max_fails: server.maxFails,
      fail_timeout: server.failTimeoutMs / 1000,
      ...(server.backup && { backup: true as const }),
      ...(server.down && { down: true as const }),
      ...(server.maxConns > 0 && { max_conns: server.maxConns }),
      ...(server.priority > 0 && { priority: server.priority }),
      ...(server.drain && { drain: true as const }),
      ...(server.tags.length > 0 && { tags: server.tags }),
    };
  }
}

interface PreparedServer {
  readonly text: string;
  readonly parsed: ReturnType<typeof parsed>;
}

/** Null where the key only says that the upstream exists. */
function parsed(server: string, text: string): ServerParameters | { readonly problem: string } | null {
  return server === '' ? null : parseServer(server, text);
}

/** By name. */
function inOrder(servers: readonly ServerParameters[]): ServerParameters[] {
  return servers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A server at one of the addresses of its name. */
function specAt(server: ServerParameters, address: Address): ServerSpec {
  if (typeof address === 'string') return { ...server, host: address };
  const { host, port, weight, backup } = address;
  return { ...server, host, port, weight: server.weight * weight, backup: server.backup || backup };
}

function placeOf({ host, port }: ServerSpec): string {
  if (host.startsWith(UNIX)) return host;
  return (isIPv6(host) ? `[${host}]` : host) + `:${port}`;
}
