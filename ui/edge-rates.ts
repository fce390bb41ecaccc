import { get } from './ask.ts';
import { edgeKey } from './graph-view.ts';
import { again } from './live.ts';

/** What the API tells of a domain's edges. */
interface EdgesReply {
  readonly uptime_s: number;
  readonly edges: readonly { readonly node: string; readonly edge: string; readonly hits: number }[];
}

/** Tells how often a second each edge of a domain is walked, every two seconds, as a mean that follows within a few of them. */
export function followEdges(
  domain: string,
  signal: AbortSignal,
  tell: (rates: ReadonlyMap<string, number>) => void,
): void {
  let before: EdgesReply | null = null;
  let means = new Map<string, number>();
  void again(POLL_MS, signal, async () => {
    // The shape of this call's answer.
    const now = (await get('edges', { domain }, signal)) as EdgesReply;
    const seconds = before === null ? 0 : now.uptime_s - before.uptime_s;
    if (before !== null && seconds > 0) {
      const was = new Map(before.edges.map(({ node, edge, hits }) => [edgeKey(node, edge), hits]));
      const next = new Map<string, number>();
      for (const { node, edge, hits } of now.edges) {
        const key = edgeKey(node, edge);
        const fresh = Math.max(0, hits - (was.get(key) ?? 0)) / seconds;
        const known = means.get(key);
        const mean = known === undefined ? fresh : known + (fresh - known) * WEIGHT;
        next.set(key, mean < 0.01 ? 0 : mean);
      }
      means = next;
      tell(means);
    }
    before = now;
  });
}

const POLL_MS = 2000;
const WEIGHT = 0.6;
