import { inheritedSockets } from '../lib/cluster/inherited-sockets.ts';
import { bindAll } from '../lib/cluster/sockets.ts';
import type { BoundAddress } from '../lib/cluster/sockets.ts';
import type { Config } from '../lib/core/config.ts';
import { formatPlace } from '../lib/core/listener.ts';

/** Every address to serve: the sockets this process has inherited, and what the configuration names beside them. */
export async function openListeners({ listen, listensByDefault }: Config): Promise<readonly BoundAddress[]> {
  const inherited = inheritedSockets(process.env);
  // They are meant for this process, not for its children (sd_listen_fds(3)).
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) Reflect.deleteProperty(process.env, name);
  if (inherited.length > 0 && listensByDefault) return inherited;
  const asked = new Map(listen.map((address) => [formatPlace(address), address]));
  const known = new Set(inherited.map(({ address }) => formatPlace(address)));
  // What is asked of a socket that was inherited is said where it is named.
  const given = inherited.map((one) => ({ ...one, address: asked.get(formatPlace(one.address)) ?? one.address }));
  return [...given, ...(await bindAll(listen.filter((address) => !known.has(formatPlace(address)))))];
}
