import type { Joint, Spot } from './ordering.ts';

/**
 * Gives each spot its height on the page: as near as can be to where its edges would be straight, in the order of its column, with
 * `gap` between neighbours. Column after column, forth and back: each one is an isotonic regression, which is exact and linear.
 */
export function place(columns: readonly (readonly Spot[])[], gap: number): void {
  for (const column of columns) {
    let y = 0;
    for (const spot of column) {
      spot.y = y;
      y += spot.height + gap;
    }
    for (const spot of column) spot.y -= y / 2;
  }
  for (let turn = 0; turn < TURNS; turn++) {
    const forth = turn % 2 === 0;
    for (const column of forth ? columns : columns.toReversed()) {
      const wishes = column.map((spot) => wishOf(spot, turn < TURNS - 3 ? (forth ? 'before' : 'after') : 'both'));
      settle(column, wishes, gap);
    }
  }
  const top = Math.min(...columns.map((column) => column[0]?.y ?? Infinity));
  for (const column of columns) for (const spot of column) spot.y -= top;
}

const TURNS = 14;

/** Where a spot would like to be, and how much. */
interface Wish {
  readonly y: number;
  readonly weight: number;
}

function wishOf(spot: Spot, side: 'before' | 'after' | 'both'): Wish {
  const joints: readonly Joint[] = side === 'both' ? [...spot.before, ...spot.after] : spot[side];
  const weight = joints.reduce((sum, joint) => sum + joint.weight, 0);
  if (weight === 0) return { y: spot.y, weight: 0.1 };
  const y =
    joints.reduce((sum, { other, here, there, weight: one }) => sum + (other.y + there - here) * one, 0) / weight;
  return { y, weight };
}

/** Pools neighbours that would come too near to each other (pool adjacent violators, Ayer and others, 1955). */
function settle(column: readonly Spot[], wishes: readonly Wish[], gap: number): void {
  const pools: { sum: number; weight: number; size: number }[] = [];
  let offset = 0;
  const offsets = column.map((spot) => {
    const at = offset;
    offset += spot.height + gap;
    return at;
  });
  for (const [i, { y, weight }] of wishes.entries()) {
    let pool = { sum: (y - (offsets[i] ?? 0)) * weight, weight, size: 1 };
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.weight > pool.sum / pool.weight;
      last = pools.at(-1)
    ) {
      pool = { sum: last.sum + pool.sum, weight: last.weight + pool.weight, size: last.size + pool.size };
      pools.pop();
    }
    pools.push(pool);
  }
  let i = 0;
  for (const { sum, weight, size } of pools) {
    for (let left = size; left > 0; left--, i++) {
      const spot = column[i];
      if (spot !== undefined) spot.y = sum / weight + (offsets[i] ?? 0);
    }
  }
}
