import { expect } from 'chai';
import fc from 'fast-check';
import { NOWHERE, Roster, type Listed } from '../../lib/core/roster.ts';

describe('roster', () => {
  it('has those who came and have not left, as a Set has, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 7 }), { maxLength: 60 }), (steps) => {
        const all: readonly Listed[] = Array.from({ length: 8 }, () => ({ place: NOWHERE }));
        const roster = new Roster<Listed>();
        const model = new Set<Listed>();
        for (const step of steps) {
          const one = all[step] ?? all[0]!;
          if (model.has(one)) {
            model.delete(one);
            roster.remove(one);
          } else {
            model.add(one);
            roster.add(one);
          }
          expect(roster.size).to.equal(model.size);
          expect(roster.now()).to.have.members([...model]);
        }
      }),
    );
  });

  it('lets those leave who are not there', () => {
    const roster = new Roster<Listed>();
    const [here, never] = [{ place: NOWHERE }, { place: NOWHERE }];
    roster.add(here);
    roster.remove(never);
    expect(roster.now()).to.have.members([here]);
    roster.remove(here);
    roster.remove(here);
    expect(roster.size).to.equal(0);
  });

  it('may be left by all while somebody goes through it', () => {
    const roster = new Roster<Listed>();
    for (let i = 0; i < 5; i++) roster.add({ place: NOWHERE });
    for (const one of roster.now()) roster.remove(one);
    expect(roster.size).to.equal(0);
  });
});
