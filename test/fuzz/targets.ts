import { codecTargets } from './codec.ts';
import { repliesTarget } from './replies.ts';
import { requestsTarget } from './requests.ts';
import { Random } from '../sync/random.ts';
import type { FuzzTarget } from './target.ts';

/** Everything that is fuzzed, the codec first. */
export async function fuzzTargets(): Promise<FuzzTarget[]> {
  return [...codecTargets, await requestsTarget(), await repliesTarget()];
}

/** Runs a target with one seed; what goes wrong is told with the command that brings it again. */
export async function fuzzOnce(target: FuzzTarget, seed: number): Promise<void> {
  try {
    await target.run(new Random(seed));
  } catch (error) {
    throw new Error(`npm run fuzz -- --target ${target.name} --seed ${seed} --count 1`, { cause: error });
  }
}
