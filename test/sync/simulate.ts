// `npm run simulate -- --seeds N [--seed S]`: schedules S, S + 1, ... of `simulation.ts`; one that fails is run again with its trace.
import { parseArgs } from 'node:util';
import { Simulation } from './simulation.ts';

const STEPS = 60;

/** What goes wrong in the schedule of a seed, and its whole trace; null if nothing does. */
export function failureOf(seed: number): { readonly reason: string; readonly trace: readonly string[] } | null {
  const reason = reasonOf(new Simulation(seed));
  if (reason === null) return null;
  const again = new Simulation(seed, true);
  return { reason: `${reason}; and again: ${reasonOf(again)}`, trace: again.trace ?? [] };
}

/** Everything that happens in the schedule of a seed. */
export function traceOf(seed: number): readonly string[] {
  const simulation = new Simulation(seed, true);
  simulation.run(STEPS);
  return simulation.trace ?? [];
}

function reasonOf(simulation: Simulation): string | null {
  try {
    simulation.run(STEPS);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seeds: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '0' } },
  });
  const first = Number(values.seed);
  const end = first + Number(values.seeds);
  for (let seed = first; seed < end; seed++) {
    const failure = failureOf(seed);
    if (failure !== null) {
      process.stdout.write(`${failure.trace.join('\n')}\n\nseed ${seed}: ${failure.reason}\n`);
      process.stdout.write(`npm run simulate -- --seed ${seed} --seeds 1\n`);
      process.exit(1);
    }
    if ((seed + 1) % 10_000 === 0) process.stdout.write(`seeds ${first} to ${seed} hold\n`);
  }
  process.stdout.write(`seeds ${first} to ${end - 1} hold\n`);
}
