/** A node for a layout: how large it is, and what leaves it where. */
export interface Box {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly ports: readonly Port[];
}

export interface Port {
  readonly edge: string;
  /** Name of a box; others are not drawn. */
  readonly to: string;
  /** Below the top of the box. */
  readonly y: number;
}

/** An edge between boxes. */
export interface Link {
  readonly from: Box;
  readonly port: Port;
  readonly to: Box;
}

export interface Layered {
  /** By box: its column. */
  readonly layers: ReadonlyMap<Box, number>;
  /** Edges that lead to a later column. */
  readonly forward: readonly Link[];
  /** Edges that close a cycle: no good graph has them, but one that is being written may. */
  readonly backward: readonly Link[];
}

/**
 * Gives each box the column behind those of all boxes that lead to it: the longest way there. Boxes that nothing leads to stand
 * right before the first they lead to. Nothing here recurses: a graph may be as deep as it is large.
 */
export function layered(boxes: readonly Box[], init: string | null): Layered {
  const byName = new Map(boxes.map((box) => [box.name, box]));
  const linksOf = new Map(
    boxes.map((from) => [
      from,
      from.ports.flatMap((port): readonly Link[] => {
        const to = byName.get(port.to);
        return to === undefined ? [] : [{ from, port, to }];
      }),
    ]),
  );
  const first = init === null ? undefined : byName.get(init);
  const { order, backward } = walked(first === undefined ? boxes : [first, ...boxes], linksOf);
  const forward = order.flatMap((box) => (linksOf.get(box) ?? []).filter((link) => !backward.has(link)));
  const layers = new Map(boxes.map((box) => [box, 0]));
  for (const { from, to } of forward) layers.set(to, Math.max(layers.get(to) ?? 0, (layers.get(from) ?? 0) + 1));
  const entered = new Set(forward.map(({ to }) => to));
  for (const box of order.toReversed()) {
    if (box === first || entered.has(box)) continue;
    const next = (linksOf.get(box) ?? []).filter((link) => !backward.has(link));
    if (next.length > 0) layers.set(box, Math.min(...next.map(({ to }) => layers.get(to) ?? 0)) - 1);
  }
  return { layers, forward, backward: [...backward] };
}

/** Every box before those it leads to, but for the links that would have to lead back. */
function walked(
  starts: readonly Box[],
  linksOf: ReadonlyMap<Box, readonly Link[]>,
): { readonly order: readonly Box[]; readonly backward: ReadonlySet<Link> } {
  const backward = new Set<Link>();
  const done: Box[] = [];
  const state = new Map<Box, 'open' | 'done'>();
  for (const start of starts) {
    if (state.has(start)) continue;
    const stack = [{ box: start, next: 0 }];
    state.set(start, 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const link = linksOf.get(top.box)?.[top.next++];
      if (link === undefined) {
        state.set(top.box, 'done');
        done.push(top.box);
        stack.pop();
      } else if (state.get(link.to) === 'open') backward.add(link);
      else if (!state.has(link.to)) {
        state.set(link.to, 'open');
        stack.push({ box: link.to, next: 0 });
      }
    }
  }
  return { order: done.toReversed(), backward };
}
