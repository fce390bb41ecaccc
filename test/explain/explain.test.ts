import { expect } from 'chai';
import { Pairs } from './pairs.ts';

/** Graphs and requests on each: some seconds in all. `npm run test:explain` goes on with other seeds. */
const GRAPHS = 200;
const REQUESTS = 12;

describe('explain', () => {
  let pairs: Pairs;

  before(async () => {
    pairs = await Pairs.start();
  });

  after(() => pairs.stop());

  it(`tells what really happens: ${GRAPHS * REQUESTS} requests`, async function () {
    // The time that a busy machine needs.
    this.timeout(120_000);
    for (let seed = 1; seed <= GRAPHS; seed++) await pairs.run(seed, REQUESTS);
    expect(pairs.walks).to.be.above(200);
    for (const [what, count] of Object.entries(pairs.seen)) expect(count, what).to.be.above(0);
  });
});
