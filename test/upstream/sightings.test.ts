import { expect } from 'chai';
import { Wheel } from '../../lib/core/wheel.ts';
import { balancers } from '../../lib/balance/index.ts';
import { LIMITS } from '../fixtures/plane.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';
import { USUAL_PARAMETERS } from '../../lib/upstream/server-spec.ts';
import type { WorkerSightings } from '../../lib/upstream/server-health.ts';
import { Sightings } from '../../lib/upstream/sightings.ts';
import { Upstreams } from '../../lib/upstream/upstreams.ts';
import type { Watch } from '../../lib/upstream/watch.ts';

const TICK_MS = 50;

describe('what a worker tells of servers', () => {
  let now: number;
  let wheel: Wheel;
  let told: { readonly at: number; readonly sightings: WorkerSightings }[];
  let sightings: Sightings;

  beforeEach(() => {
    now = 10_000;
    wheel = new Wheel(TICK_MS, 512, () => now);
    told = [];
    sightings = new Sightings(wheel, (news) => void told.push({ at: now, sightings: news }));
  });
  afterEach(() => sightings.stop());

  function watchOf(options: object): Watch {
    const upstreams = new Upstreams({
      wheel,
      balancers,
      limits: LIMITS,
      serverCa: null,
      random: () => 0.5,
      sightings,
    });
    const read = readOptions(options);
    expect(read.problems).to.deep.equal([]);
    upstreams.configure('up', read.options);
    upstreams.set('up', [{ ...USUAL_PARAMETERS, name: 'a:80', host: '127.0.0.1', port: 80 }]);
    const watch = upstreams.get('up')?.servers[0]?.watch;
    if (watch === undefined || watch === null) throw new Error('nobody watches');
    return watch;
  }

  /** Has time go by, with a good reply at each tick. */
  function serve(watch: Watch, ms: number): void {
    for (const end = now + ms; now < end;) {
      now += TICK_MS;
      wheel.tick();
      watch.good(1);
    }
  }

  for (const [interval, intervalMs] of [
    ['200ms', 200],
    ['1s', 1000],
    ['1500ms', 1500],
    ['10s', 10_000],
  ] as const) {
    it(`is told often enough to spare checks every ${interval}, and once a second at least`, () => {
      const watch = watchOf({ health: { kind: 'tcp', interval } });
      serve(watch, 5000);
      const times = told.map(({ at }) => at);
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      expect(gaps.length).to.be.above(2);
      for (const gap of gaps) {
        expect(gap).to.be.at.most(Math.min(1000, intervalMs / 2) + 2 * TICK_MS);
        expect(gap).to.be.at.least(Math.min(1000, intervalMs / 2));
      }
    });
  }

  it('is told at once of a failure after a quiet moment, of more of them a little later', async () => {
    const watch = watchOf({});
    watch.failed();
    await Promise.resolve();
    watch.failed();
    watch.failed();
    await Promise.resolve();
    expect(told.map(({ sightings: { servers } }) => servers.map(({ failed }) => failed))).to.deep.equal([[1]]);
    now += 2 * TICK_MS;
    wheel.tick();
    expect(told.map(({ sightings: { servers } }) => servers.map(({ failed }) => failed))).to.deep.equal([[1], [2]]);
  });
});
