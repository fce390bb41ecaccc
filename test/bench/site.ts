import type { TableSize } from './peer.ts';
import { HOST } from './request.ts';

/** What the graph of every domain tests: the load passes all of it, four nodes, and goes to the upstream. */
export const ROBOTS = '(bot|crawler|spider)\\b';
export const API_PREFIX = '/api/';
export const ASSETS = '^/static/.+\\.(css|js)$';

/** Name of the upstream that load goes to. */
export const UPSTREAM = 'web';

/** Domains and upstreams in the shape of the admin API and the file store. */
export interface Site {
  readonly domains: Readonly<Record<string, Graph>>;
  readonly upstreams: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Graph {
  readonly init: string;
  readonly rules: Readonly<Record<string, { readonly type: string; readonly args: Readonly<Record<string, unknown>> }>>;
}

export function siteOf(servers: readonly number[], table: TableSize): Site {
  const members = Object.fromEntries(servers.map((port) => [`127.0.0.1:${port}`, '']));
  const domains: Record<string, Graph> = {};
  const upstreams: Record<string, typeof members> = {};
  for (const { domain, upstream } of otherDomains(table)) domains[domain] = graphTo(upstream);
  for (const upstream of otherUpstreams(table)) upstreams[upstream] = members;
  domains[HOST] = graphTo(UPSTREAM);
  upstreams[UPSTREAM] = members;
  return { domains, upstreams };
}

/** Names of the upstreams beside the one that load goes to. */
export function otherUpstreams(table: TableSize): string[] {
  return Array.from({ length: table === 'large' ? UPSTREAMS - 1 : 0 }, (_, i) => `web${i}`);
}

/** The domains beside the one that load is for, spread over the other upstreams. */
export function otherDomains(table: TableSize): { readonly domain: string; readonly upstream: string }[] {
  return Array.from({ length: table === 'large' ? DOMAINS - 1 : 0 }, (_, i) => ({
    domain: `shop${i}.example.com`,
    upstream: `web${i % (UPSTREAMS - 1)}`,
  }));
}

const DOMAINS = 100_000;
const UPSTREAMS = 10_000;

function graphTo(servername: string): Graph {
  return {
    init: 'robots',
    rules: {
      robots: { type: 'ua', args: { pattern: ROBOTS, succ: 'serve', fail: 'api' } },
      api: { type: 'path', args: { pattern: API_PREFIX, succ: 'serve', fail: 'assets' } },
      assets: { type: 'path', args: { pattern: ASSETS, regex: true, succ: 'serve', fail: 'serve' } },
      serve: { type: 'backend', args: { servername } },
    },
  };
}
