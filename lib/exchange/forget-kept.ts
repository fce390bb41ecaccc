import type { WorkerQuery } from '../core/worker-query.ts';
import type { ReplyCaches } from '../upstream/reply-caches.ts';
import { uriOfUrl } from './cache-key.ts';

/** Forgets replies that an operator wants forgotten; answers how many there were. */
export function forgetKept(
  caches: ReplyCaches,
  { urls, upstreams }: WorkerQuery & { readonly kind: 'forget' },
): { readonly forgotten: number } {
  return { forgotten: caches.forget({ uris: urls === null ? ['*'] : urls.map(uriOfUrl), upstreams }) };
}
