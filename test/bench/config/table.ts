import { EtcdStore } from '../../../lib/store/etcd.ts';
import type { Write } from '../../../lib/store/store.ts';
import { HOST } from '../request.ts';
import { ROBOTS, UPSTREAM } from '../site.ts';

/** Of the smallest table that is filled: every graph names one that exists. */
const UPSTREAMS = 1000;
const SERVERS = 4;
/** Transactions under way at once while a store is filled. */
const LANES = 8;

export function domainOf(i: number): string {
  return `shop${i}.example.com`;
}

/**
 * The graph of a domain, four nodes. A path below `/{version}/` is answered 404 by ELB itself, any other 403, so that a client
 * sees which version it has met.
 */
export function graphOf(i: number, version: string): string {
  const rules = {
    robots: { type: 'ua', args: { pattern: ROBOTS, succ: 'web', fail: 'version' } },
    version: { type: 'path', args: { pattern: `/${version}/`, succ: 'found' } },
    found: { type: 'backend', args: {} },
    web: { type: 'backend', args: { servername: `web${i % UPSTREAMS}`, 'X-Shop': `shop-${i}` } },
  };
  return JSON.stringify({ init: 'robots', rules });
}

export function storeAt(endpoint: string, name: string): EtcdStore {
  const open = { username: null, password: null, ca: null, cert: null, key: null };
  return new EtcdStore({ ...open, endpoints: [endpoint], prefix: `/${name}/` });
}

/** Writes `domains` domains and `upstreams` upstreams of four servers, in transactions as large as etcd takes; and the site that load is for. */
export async function fill(store: EtcdStore, domains: number, upstreams: number, serverPort: number): Promise<void> {
  const toServer = { init: 'web', rules: { web: { type: 'backend', args: { servername: UPSTREAM } } } };
  const writes: Write[] = [
    { key: `upstreams/${UPSTREAM}/127.0.0.1:${serverPort}`, value: '', expected: 0 },
    { key: `rules/${HOST}`, value: JSON.stringify(toServer), expected: 0 },
  ];
  for (let i = 0; i < upstreams; i++) {
    for (let j = 0; j < SERVERS; j++) {
      const server = `10.${1 + j}.${i >> 8}.${i & 255}:8080`;
      writes.push({ key: `upstreams/web${i}/${server}`, value: j === 3 ? 'backup' : 'weight=2', expected: 0 });
    }
  }
  for (let i = 0; i < domains; i++) writes.push({ key: `rules/${domainOf(i)}`, value: graphOf(i, 'v0'), expected: 0 });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < writes.length) {
      const batch = writes.slice(next, (next += store.maxWrites));
      if ((await store.write(batch)) === null) throw new Error('the store was not empty');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
