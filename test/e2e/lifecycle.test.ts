import { expect } from 'chai';
import { drains } from '../lifecycle/drains.ts';
import { kills } from '../lifecycle/kills.ts';
import { crashes, upgrades } from '../lifecycle/upgrades.ts';

/** `npm run test:lifecycle` does the same many times. */
describe('under load', function () {
  this.timeout(90_000);

  it('no request is lost when one of two instances behind one socket drains', async () => {
    const { codes, answered, lost } = await drains(2, 2);
    expect(lost).to.deep.equal([]);
    expect(codes).to.deep.equal([0, 0]);
    expect(answered).to.be.above(100);
  });

  it('a killed worker loses its own requests only, and the one that stands by takes its place', async () => {
    const { lostElsewhere, lostThere, held, bySpare, answered } = await kills(3, 2);
    expect(lostElsewhere).to.deep.equal([]);
    expect(lostThere).to.be.at.most(held);
    expect(bySpare).to.equal(3);
    expect(answered).to.be.above(100);
  });

  it('an upgrade loses nothing, and one to a version that cannot take over changes nothing', async () => {
    const { lost, wrong, refused, upgrades: done } = await upgrades(2, 2);
    expect(lost).to.deep.equal([]);
    expect(wrong).to.deep.equal([]);
    expect(refused).to.deep.equal(['refuses to start: it ended with code 3']);
    expect(done).to.equal(2);
  });

  it('a killed primary loses nothing, and what was changed and not dumped stays', async () => {
    const { lost, wrong } = await crashes(2, 2);
    expect(lost).to.deep.equal([]);
    expect(wrong).to.deep.equal([]);
  });
});
