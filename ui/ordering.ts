/** Something that has a place in a column: a box, or where a long edge passes. */
export interface Spot {
  readonly height: number;
  /** What leads here from the column before, and from here to the next one: the other end, and where it is there and here. */
  readonly before: Joint[];
  readonly after: Joint[];
  /** Its place among those of its column. */
  index: number;
  /** Top. */
  y: number;
}

export interface Joint {
  readonly other: Spot;
  /** Below the top of this spot, and of the other one. */
  readonly here: number;
  readonly there: number;
  /** How much it wants to be straight. */
  readonly weight: number;
}

/**
 * Orders the spots of each column so that few edges cross: each spot goes to the mean place of those it is joined with, column after
 * column, forth and back, and the best order that was seen stays (Sugiyama, Tagawa, Toda, 1981).
 */
export function order(columns: readonly Spot[][]): void {
  for (const column of columns) number(column);
  const joints = columns.reduce((sum, column) => sum + column.reduce((all, spot) => all + spot.after.length, 0), 0);
  // What is large is drawn in time rather than well.
  const turns = joints > 20_000 ? 2 : joints > 3000 ? 6 : 24;
  let best = columns.map((column) => [...column]);
  let fewest = crossings(columns);
  for (let turn = 0; turn < turns && fewest > 0; turn++) {
    const forth = turn % 2 === 0;
    for (const column of forth ? columns : columns.toReversed()) sortByMean(column, forth ? 'before' : 'after');
    const found = crossings(columns);
    if (found >= fewest) continue;
    fewest = found;
    best = columns.map((column) => [...column]);
  }
  for (const [i, column] of columns.entries()) {
    column.splice(0, column.length, ...(best[i] ?? []));
    number(column);
  }
}

function sortByMean(column: Spot[], side: 'before' | 'after'): void {
  const means = new Map(column.map((spot) => [spot, meanOf(spot, side)]));
  column.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0) || a.index - b.index);
  number(column);
}

/** Ends of edges that share a spot are told apart by where they are on it. */
function meanOf(spot: Spot, side: 'before' | 'after'): number {
  const joints = spot[side];
  if (joints.length === 0) return spot.index;
  return joints.reduce((sum, joint) => sum + placeOf(joint), 0) / joints.length;
}

function placeOf({ other, there }: Joint): number {
  return other.index + there / (other.height + 1);
}

function number(column: readonly Spot[]): void {
  for (const [i, spot] of column.entries()) spot.index = i;
}

/** How many pairs of edges cross, over all columns: counted as inversions, with a Fenwick tree (Barth, Jünger, Mutzel, 2002). */
export function crossings(columns: readonly (readonly Spot[])[]): number {
  let count = 0;
  for (const [i, column] of columns.entries()) {
    const next = columns[i + 1];
    if (next === undefined) break;
    const ends = column.flatMap((spot) =>
      spot.after.toSorted((a, b) => a.here - b.here || a.other.index - b.other.index).map(({ other }) => other.index),
    );
    const tree = new Int32Array(next.length + 1);
    for (const [seen, end] of ends.entries()) {
      let notAfter = 0;
      for (let at = end + 1; at > 0; at -= at & -at) notAfter += tree[at] ?? 0;
      count += seen - notAfter;
      for (let at = end + 1; at <= next.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
    }
  }
  return count;
}
