import { expect } from 'chai';
import fc from 'fast-check';
import { Deadline, Wheel } from '../../lib/core/wheel.ts';

describe('Wheel', () => {
  function bench(): { wheel: Wheel; advance(ms: number): void; make(): { deadline: Deadline; told: number[] } } {
    let now = 1000;
    const wheel = new Wheel(10, 16, () => now);
    return {
      wheel,
      advance(ms) {
        now += ms;
        wheel.tick();
      },
      make() {
        const told: number[] = [];
        const deadline = new Deadline(wheel, { onDeadline: () => void told.push(wheel.now) });
        return { deadline, told };
      },
    };
  }

  it('tells an owner after its time, not before, and once', () => {
    const { advance, make } = bench();
    const { deadline, told } = make();
    deadline.set(50);
    advance(49);
    expect(told).to.deep.equal([]);
    advance(20);
    expect(told).to.deep.equal([1069]);
    advance(1000);
    expect(told).to.have.length(1);
  });

  it('waits several turns for a deadline further away than one turn', () => {
    const { advance, make } = bench();
    const { deadline, told } = make();
    deadline.set(1000); // a turn is 160
    for (let i = 0; i < 99; i++) advance(10);
    expect(told).to.deep.equal([]);
    for (let i = 0; i < 3; i++) advance(10);
    expect(told).to.have.length(1);
  });

  it('follows a deadline that is moved later, earlier, cancelled and disposed', () => {
    const { advance, make } = bench();
    const later = make();
    const earlier = make();
    const cancelled = make();
    const disposed = make();
    later.deadline.set(50);
    later.deadline.set(200);
    earlier.deadline.set(200);
    earlier.deadline.set(50);
    cancelled.deadline.set(50);
    cancelled.deadline.cancel();
    disposed.deadline.set(50);
    disposed.deadline.dispose();
    advance(100);
    expect([later, earlier, cancelled, disposed].map(({ told }) => told.length)).to.deep.equal([0, 1, 0, 0]);
    advance(150);
    expect([later, earlier, cancelled, disposed].map(({ told }) => told.length)).to.deep.equal([1, 1, 0, 0]);
  });

  it('loses nothing over a long stall of the loop', () => {
    const { advance, make } = bench();
    const all = Array.from({ length: 40 }, (_, i) => {
      const one = make();
      one.deadline.set(i * 13);
      return one;
    });
    advance(100_000);
    for (const { told } of all) expect(told).to.have.length(1);
  });

  it('agrees with a list of moments under any order of sets, cancels and ticks', () => {
    const step = fc.record({
      who: fc.nat(4),
      what: fc.constantFrom('set', 'cancel', 'dispose', 'tick'),
      ms: fc.integer({ min: 0, max: 700 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { wheel, advance, make } = bench();
        const owners = Array.from({ length: 5 }, make);
        const model: (number | null)[] = [null, null, null, null, null];
        const due = [0, 0, 0, 0, 0];
        for (const { who, what, ms } of steps) {
          if (what === 'set') {
            owners[who]?.deadline.set(ms);
            model[who] = wheel.now + ms;
          } else if (what === 'tick') {
            advance(ms);
            for (let i = 0; i < 5; i++) {
              const at = model[i] ?? null;
              const told = owners[i]?.told.length ?? 0;
              if (at === null) expect(told).to.equal(due[i]);
              else if (told > (due[i] ?? 0)) {
                expect(wheel.now).to.be.at.least(at);
                due[i] = told;
                model[i] = null;
              } else expect(wheel.now - at, 'late by more than two ticks').to.be.below(20);
            }
          } else {
            owners[who]?.deadline[what]();
            model[who] = null;
          }
        }
      }),
    );
  });
});
