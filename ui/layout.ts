import { layered } from './layers.ts';
import type { Box, Link } from './layers.ts';
import { order } from './ordering.ts';
import type { Spot } from './ordering.ts';
import { place } from './placement.ts';

export interface Placed {
  readonly x: number;
  readonly y: number;
}

/** An edge as the points it passes; between two of them it may bend, through `straight` ones it goes level. */
export interface Route {
  readonly from: string;
  readonly edge: string;
  readonly to: string;
  readonly points: readonly Placed[];
  /** It closes a cycle, and is drawn around. */
  readonly back: boolean;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By name of box: its upper left corner. */
  readonly places: ReadonlyMap<string, Placed>;
  readonly routes: readonly Route[];
}

export interface Gaps {
  /** Between columns, and between neighbours in one. */
  readonly column: number;
  readonly row: number;
}

/**
 * Draws a graph from left to right in columns (Sugiyama, Tagawa, Toda, 1981): columns, then few crossings, then straight edges.
 * It is a function: the same graph always looks the same.
 */
export function layout(boxes: readonly Box[], init: string | null, gaps: Gaps): Layout {
  const { layers, forward, backward } = layered(boxes, init);
  const first = Math.min(0, ...layers.values());
  const spots = new Map(boxes.map((box): [Box, Spot] => [box, spotOf(box.height)]));
  const columns: Spot[][] = [];
  const columnOf = (layer: number): Spot[] => (columns[layer - first] ??= []);
  const widths: number[] = [];
  // Those that are walked first stand first, where nothing speaks against it.
  for (const box of boxesInOrder(boxes, forward)) {
    const layer = layers.get(box) ?? 0;
    const spot = spots.get(box);
    if (spot !== undefined) columnOf(layer).push(spot);
    widths[layer - first] = Math.max(widths[layer - first] ?? 0, box.width);
  }
  const passed = new Map(forward.map((link) => [link, thread(link, layers, spots, columnOf)]));
  const filled = columns.map((column) => column ?? []);
  order(filled);
  place(filled, gaps.row);

  let x = 0;
  const xs = filled.map((_, i) => {
    const at = x;
    x += (widths[i] ?? 0) + gaps.column;
    return at;
  });
  const xOf = (box: Box): number => xs[(layers.get(box) ?? 0) - first] ?? 0;
  const placeOf = (box: Box): Placed => ({ x: xOf(box), y: spots.get(box)?.y ?? 0 });
  const routes = [...passed].map(([link, spotsOn]): Route => {
    const from = placeOf(link.from);
    const to = placeOf(link.to);
    const layer = (layers.get(link.from) ?? 0) - first;
    const through = spotsOn.flatMap((spot, i): readonly Placed[] => {
      const left = xs[layer + 1 + i] ?? 0;
      return [
        { x: left, y: spot.y },
        { x: left + (widths[layer + 1 + i] ?? 0), y: spot.y },
      ];
    });
    const start = { x: from.x + link.from.width, y: from.y + link.port.y };
    const points = [start, ...through, { x: to.x, y: to.y + link.to.height / 2 }];
    return { from: link.from.name, edge: link.port.edge, to: link.to.name, points, back: false };
  });
  const around = backward.map((link): Route => {
    const from = placeOf(link.from);
    const to = placeOf(link.to);
    const points = [
      { x: from.x + link.from.width, y: from.y + link.port.y },
      { x: to.x, y: to.y + link.to.height / 2 },
    ];
    return { from: link.from.name, edge: link.port.edge, to: link.to.name, points, back: true };
  });
  const bottoms = filled.map((column) => Math.max(0, ...column.map((spot) => spot.y + spot.height)));
  return {
    width: Math.max(0, x - gaps.column),
    height: Math.max(0, ...bottoms),
    places: new Map(boxes.map((box) => [box.name, placeOf(box)])),
    routes: [...routes, ...around],
  };
}

function boxesInOrder(boxes: readonly Box[], forward: readonly Link[]): ReadonlySet<Box> {
  return new Set([...forward.flatMap(({ from, to }) => [from, to]), ...boxes]);
}

function spotOf(height: number): Spot {
  return { height, before: [], after: [], index: 0, y: 0 };
}

/** Joins the ends of an edge, with a spot in each column between them. Long edges want to be straight most. */
function thread(
  link: Link,
  layers: ReadonlyMap<Box, number>,
  spots: ReadonlyMap<Box, Spot>,
  columnOf: (layer: number) => Spot[],
): readonly Spot[] {
  const begin = layers.get(link.from) ?? 0;
  const end = layers.get(link.to) ?? 0;
  const through = Array.from({ length: end - begin - 1 }, () => spotOf(0));
  for (const [i, spot] of through.entries()) columnOf(begin + 1 + i).push(spot);
  const ends = [spots.get(link.from), ...through, spots.get(link.to)];
  for (const [i, a] of ends.entries()) {
    const b = ends[i + 1];
    if (a === undefined || b === undefined) continue;
    const here = i === 0 ? link.port.y : 0;
    const there = i + 2 === ends.length ? link.to.height / 2 : 0;
    const inner = (i > 0 ? 1 : 0) + (i + 2 < ends.length ? 1 : 0);
    const weight = [1, 2, 6][inner] ?? 1;
    a.after.push({ other: b, here, there, weight });
    b.before.push({ other: a, here: there, there: here, weight });
  }
  return through;
}
