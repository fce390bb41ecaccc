/** How far from its fair part the server is that gets most, and the one that gets least: 1 is fair. */
export function extremes(counts: readonly number[], weights: readonly number[]): { least: number; most: number } {
  const requests = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = counts.map((count, i) => (count / requests) * (total / (weights[i] ?? 1)));
  return { least: Math.min(...parts), most: Math.max(...parts) };
}

/** Keys that have another owner, as a part of all. */
export function movedPart(before: readonly string[], after: readonly string[]): number {
  return before.filter((owner, i) => owner !== after[i]).length / before.length;
}
