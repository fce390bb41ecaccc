import { expect } from 'chai';
import fc from 'fast-check';
import { Cohort } from '../../lib/health/cohort.ts';

const INTERVAL_MS = 10_000;

describe('cohort of addresses that are checked', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('gives each of them intervals within the jitter, whenever its checks begin', () => {
    const late = fc.integer({ min: 0, max: 3 * INTERVAL_MS });
    fc.assert(
      fc.property(
        share,
        fc.array(fc.tuple(fc.nat(4), late, share), { minLength: 1, maxLength: 60 }),
        (jitter, checks) => {
          const cohort = new Cohort({ intervalMs: INTERVAL_MS, jitter });
          const dueAt = [0, 10, 20, 30, 40];
          for (const [who, lateMs, drawn] of checks) {
            const begunAt = (dueAt[who] ?? 0) + lateMs;
            const next = cohort.next(begunAt, () => drawn);
            // To a whole millisecond.
            expect(next - begunAt).to.be.within(INTERVAL_MS * (1 - jitter) - 0.5, INTERVAL_MS * (1 + jitter) + 0.5);
            dueAt[who] = next;
          }
        },
      ),
    );
  });

  it('keeps them together, and takes back who was a little late', () => {
    const cohort = new Cohort({ intervalMs: INTERVAL_MS, jitter: 0.1 });
    let draws = 0;
    const random = (): number => [0.3, 0.6, 0.4][draws++ % 3] ?? 0;
    let dueAt = [1000, 1000, 1050, 1000];
    for (let round = 0; round < 30; round++) {
      if (round === 10) dueAt[1] = (dueAt[1] ?? 0) + 300;
      dueAt = dueAt.map((begunAt) => cohort.next(begunAt, random));
      expect(new Set(dueAt).size, `round ${round}`).to.equal(1);
    }
    // One for all.
    expect(draws).to.equal(30);
  });

  it('leaves who is far behind alone, until chance brings it back', () => {
    const cohort = new Cohort({ intervalMs: INTERVAL_MS, jitter: 0.1 });
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const dueAt = [0, 5000];
    let together = 0;
    for (let i = 0; i < 2000; i++) {
      const who = (dueAt[0] ?? 0) <= (dueAt[1] ?? 0) ? 0 : 1;
      dueAt[who] = cohort.next(dueAt[who] ?? 0, random);
      if (dueAt[0] === dueAt[1]) together++;
    }
    expect(together).to.be.above(500);
  });

  it('is for one pace, and for so many', () => {
    const pace = { intervalMs: INTERVAL_MS, jitter: 0.1 };
    const cohort = new Cohort(pace);
    expect(cohort.takes({ ...pace })).to.equal(true);
    expect(cohort.takes({ ...pace, jitter: 0 })).to.equal(false);
    expect(cohort.takes({ ...pace, intervalMs: 1 })).to.equal(false);
    cohort.size = 1000;
    expect(cohort.takes(pace)).to.equal(false);
  });
});
