import { collectGarbage } from '../../../lib/core/collect-garbage.ts';
import type { EtcdStore } from '../../../lib/store/etcd.ts';
import { domainOf, graphOf } from './table.ts';

/** By key, where it was written last. What was read beside is collected: it would be, and have the processors, while others are measured. */
export async function revisionsOf(store: EtcdStore): Promise<Map<string, number>> {
  const { entries } = await store.read();
  const revisions = new Map(entries.map(({ key, revision }) => [key, revision]));
  collectGarbage();
  return revisions;
}

/** Gives a domain another version of its graph; answers when that was acknowledged. */
export async function change(
  store: EtcdStore,
  revisions: Map<string, number>,
  i: number,
  version: string,
): Promise<number> {
  const key = `rules/${domainOf(i)}`;
  const revision = await store.write([{ key, value: graphOf(i, version), expected: revisions.get(key) ?? 0 }]);
  const acknowledged = performance.now();
  if (revision === null) throw new Error(`${key} was changed by others`);
  revisions.set(key, revision);
  return acknowledged;
}
