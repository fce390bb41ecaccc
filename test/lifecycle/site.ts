import type { Elb } from '../fixtures/elb.ts';
import type { NamedServer } from '../fixtures/named-servers.ts';

export const HOST = 'a.test';

/** On a machine with much else to do a request waits, where ELB would say that it is too much: that is tested elsewhere. */
export const PATIENCE = { ELB_MAX_WAIT: '60s' };

/** One domain whose requests all go to one server. */
export function siteFor(server: NamedServer): object {
  return {
    domains: { [HOST]: { init: 'all', rules: { all: { type: 'backend', args: { servername: 'web' } } } } },
    upstreams: { web: { [server.address]: 'max_fails=0' } },
  };
}

/** What an instance says of its own ends and upgrades. */
export interface Lifecycle {
  readonly upgrades: { readonly done: number; readonly last: { readonly reason: string | null } | null };
  readonly primary_ends: { readonly count: number; readonly last: { readonly reason: string } | null };
  readonly worker_ends: { readonly count: number; readonly last: { readonly reason: string } | null };
}

export async function lifecycleOf(elb: Elb): Promise<Lifecycle> {
  return ((await elb.admin('GET', 'status')).json() as { lifecycle: Lifecycle }).lifecycle;
}
