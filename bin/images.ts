import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../lib/core/config.ts';
import { USUAL_LISTEN_OPTIONS } from '../lib/core/listener.ts';
import { ImageFile } from '../lib/store/image-file.ts';
import type { ImageOwner } from '../lib/store/image-layout.ts';
import type { FirstImage } from '../lib/cluster/messages.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import { version } from './version.ts';

/** Where what is known of etcd is kept for a start without it; null: nowhere. A file store is there whenever ELB is. */
export function createImages(config: Config): ImageFile | null {
  const { store, name, state, snapshot } = config;
  if (store.kind === 'file' || snapshot === 'off') return null;
  // Instances of other clusters on this machine have files of their own.
  const members = createHash('sha256').update(store.etcd.endpoints.toSorted().join()).digest('hex').slice(0, 8);
  const path = snapshot ?? (state === null ? null : join(state, `snapshot-${name}-${members}`));
  return path === null ? null : new ImageFile(path, ownerOf(config));
}

/**
 * What the first workers of a program may begin with; null: nothing. Those of a later primary learn from it what was changed by
 * operators, and there are others that serve meanwhile.
 */
export function createFirstImage(
  config: Config,
  images: ImageFile | null,
  { succeeds, sockets }: Supervision,
): FirstImage | null {
  if (images === null || succeeds) return null;
  const extent = images.pin();
  if (extent === null) return null;
  // Certificates come from the primary, and a client of TLS that finds none is turned away.
  const listens = sockets.every(({ address }) => !(address.options ?? USUAL_LISTEN_OPTIONS).tls);
  return { path: images.path, ...extent, ...ownerOf(config), listens };
}

function ownerOf({ name, maxNodes }: Config): ImageOwner {
  return { prefix: `/${name}/`, checker: `elb ${version()}, node ${process.version}, ${maxNodes} nodes` };
}
