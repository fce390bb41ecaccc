// Opens many graphs and prints what of them is alive behind young collections, and behind a full one: bytes of heap for each.
import { openGraph } from '../../lib/routing/open-graph.ts';
import { rules } from '../../rules/index.ts';

const GRAPHS = 4000;
const documents = Array.from({ length: GRAPHS }, (_, i) =>
  JSON.stringify({
    init: 'robots',
    rules: {
      robots: { type: 'ua', args: { pattern: 'googlebot', succ: 'web', fail: 'api' } },
      api: { type: 'path', args: { pattern: '/api/', succ: 'web' } },
      web: { type: 'backend', args: { servername: `web${i}`, 'X-Shop': `shop-${i}` } },
    },
  }),
);
const kept: unknown[] = Array.from({ length: GRAPHS }, () => null);
const { gc } = globalThis;
if (gc === undefined) throw new Error('to be run with --expose-gc');

const open = (): void => {
  for (const [i, document] of documents.entries()) kept[i] = openGraph(document, rules);
};
/** All that is dead is gone only after the second. */
const collect = (): void => {
  gc();
  gc();
};
/** Bytes of heap for a graph that is opened. */
const measure = (): { readonly young: number; readonly full: number } => {
  kept.fill(null);
  collect();
  const before = process.memoryUsage().heapUsed;
  open();
  // What survives two of them is old.
  for (let i = 0; i < 2; i++) void gc({ type: 'minor' });
  const young = (process.memoryUsage().heapUsed - before) / GRAPHS;
  collect();
  return { young, full: (process.memoryUsage().heapUsed - before) / GRAPHS };
};

// Compiles what it needs.
open();
// A full collection that has begun by itself keeps what is young meanwhile: not in each of them.
process.stdout.write(JSON.stringify(Array.from({ length: 5 }, measure)));
