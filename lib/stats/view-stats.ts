import type { KeptRequest } from '../core/kept-request.ts';
import type { StatsFilter, StatsView, StatView } from '../core/stat-view.ts';
import type { Stat } from './stat.ts';
import type { StatBook } from './stat-book.ts';

/** The book as an operator sees it. `slowest`: requests of all workers. */
export function viewStats(
  book: StatBook,
  { domain, upstream, limit }: StatsFilter,
  uptimeS: number,
  slowest: readonly KeptRequest[],
): StatsView {
  const domains = upstream === null ? busiest(book.domains, domain, limit) : [];
  const upstreams = domain === null ? busiest(book.upstreams, upstream, limit) : [];
  const servers = domain === null ? [...serversOf(book, upstream)] : [];
  return {
    at: new Date().toISOString(),
    uptime_s: uptimeS,
    total: book.total.view(),
    domains: domains.map(([name, stat]) => ({ name, ...stat.view() })),
    upstreams: upstreams.map(([name, stat]) => ({ name, ...stat.view() })),
    servers: servers
      .toSorted(([, , a], [, , b]) => order(a, b))
      .slice(0, limit)
      .map(([of, name, stat]) => ({ upstream: of, name, ...stat.view() })),
    top: {
      paths: book.paths
        .top()
        .slice(0, TOP)
        .map(({ name, value }) => ({ path: name, ...withoutWindows(value.view()) })),
      domains: busiest(book.domains, null, TOP).map(([name, { count, rate }]) => ({ name, count, m1: rate.m1 })),
      clients: clientsOf(book),
      slowest: slowest.toSorted((a, b) => b.duration_ms - a.duration_ms).slice(0, TOP),
    },
  };
}

/** How many a list has. */
const TOP = 10;

function busiest(stats: ReadonlyMap<string, Stat>, only: string | null, limit: number): (readonly [string, Stat])[] {
  if (only !== null) {
    const stat = stats.get(only);
    return stat === undefined ? [] : [[only, stat]];
  }
  return [...stats].toSorted(([, a], [, b]) => order(a, b)).slice(0, limit);
}

function order(a: Stat, b: Stat): number {
  return b.rate.m1 - a.rate.m1 || b.count - a.count;
}

function* serversOf(book: StatBook, only: string | null): Generator<readonly [string, string, Stat]> {
  for (const [upstream, servers] of book.servers) {
    if (only !== null && only !== upstream) continue;
    for (const [name, stat] of servers) yield [upstream, name, stat];
  }
}

function clientsOf(book: StatBook): StatsView['top']['clients'] {
  const clients = book.clients.top();
  const all = clients.reduce((sum, { count, over }) => sum + count - over, 0);
  return clients.slice(0, TOP).map(({ name, count, over }) => ({
    client: name,
    count: Math.round(count),
    over: Math.round(over),
    share: count / all,
  }));
}

function withoutWindows(view: StatView): Omit<StatView, 'windows'> {
  return Object.fromEntries(Object.entries(view).filter(([name]) => name !== 'windows')) as Omit<StatView, 'windows'>; // all others
}
