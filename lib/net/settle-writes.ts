/** Who has written and is not told of the end of it. */
export interface Unsettled {
  /** Looks whether the write is over. */
  settle(): void;
}

/**
 * To be told of the end of every write costs as much as the write. Where the kernel takes it at once, which is nearly always, it is
 * over with the native immediates of this turn, which come before those of JavaScript: one of these looks at all who have written.
 */
export function settleLater(one: Unsettled): void {
  if (unsettled.length === 0) setImmediate(settleAll);
  unsettled.push(one);
}

let unsettled: Unsettled[] = [];

function settleAll(): void {
  const all = unsettled;
  unsettled = [];
  let at = 0;
  try {
    for (; at < all.length; at++) all[at]?.settle();
  } finally {
    // One that throws must not leave the others waiting.
    for (const left of all.slice(at + 1)) settleLater(left);
  }
}
