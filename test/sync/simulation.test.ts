import { Simulation } from './simulation.ts';

const SEEDS = 600;
const STEPS = 60;

describe('simulation of follow and sync', () => {
  it(`holds for ${SEEDS} schedules`, () => {
    const only = process.env['ELB_SEED'];
    const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i) : [Number(only)];
    for (const seed of seeds) {
      const simulation = new Simulation(seed);
      try {
        simulation.run(STEPS);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const trace = simulation.trace.slice(only === undefined ? -30 : 0).join('\n');
        throw new Error(`seed ${seed} (ELB_SEED=${seed} runs it alone): ${reason}\n${trace}`, { cause: error });
      }
    }
  }).timeout(60_000);
});
