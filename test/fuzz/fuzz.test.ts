import { expect } from 'chai';
import { fuzzOnce, fuzzTargets } from './targets.ts';
import type { FuzzTarget } from './target.ts';

/** Runs of each target: a few seconds in all. `npm run fuzz` goes on with other seeds. */
const RUNS: Readonly<Record<string, number>> = {
  request: 2000,
  reply: 2000,
  'reply-to-head': 1000,
  exchange: 500,
  peer: 200,
};

describe('fuzzing', () => {
  let targets: readonly FuzzTarget[] = [];

  before(async () => {
    targets = await fuzzTargets();
  });

  after(() => Promise.all(targets.map((target) => target.stop())));

  for (const [name, runs] of Object.entries(RUNS))
    it(`${name}: ${runs} runs find nothing and leave nothing open`, async () => {
      const target = targets.find((one) => one.name === name);
      expect(target).to.not.equal(undefined);
      const sockets = openSockets();
      for (let seed = 1; target !== undefined && seed <= runs; seed++) await fuzzOnce(target, seed);
      expect(openSockets() - sockets).to.be.below(40);
    });
});

/** Idle connections are kept, one for each exchange that was under way at once; what is more has leaked. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}
