import { eligible } from './balancer.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * Whether an upstream exists and has a server to which a new request would be given at this moment, and its breaker is not open.
 * Where all servers have failed a request is given to one of them all the same, for want of a better one; this says no. `name` may
 * have a tag behind it. `now`: wheel time.
 */
export function isUsable(upstreams: Upstreams, name: string, now: number): boolean {
  const upstream = upstreams.get(name);
  if (upstream === null || (upstream.guard?.breaker?.remaining(now) ?? 0) > 0) return false;
  const tag = name.length === upstream.name.length ? null : name.slice(upstream.name.length + 1);
  return upstream.servers.some((server) => eligible(server, NONE) && (tag === null || server.spec.tags.includes(tag)));
}

const NONE = [] as const;
