import { expect } from 'chai';
import { leaks, soak } from './soak.ts';

/** The short version of `npm run soak`. */
describe('everything at once for a while', function () {
  this.timeout(120_000);

  it('fails nobody for a reason of ours and leaves nothing behind', async () => {
    const result = await soak({ seconds: 7, warmUpSeconds: 2, killEvery: 2, upgradeEvery: 3, workers: 2 });
    const { ledger, changes, kills, upgrades, complaints } = result;
    expect(ledger.ours, 'failed').to.deep.equal([]);
    expect(leaks(result), 'left').to.deep.equal([]);
    expect(complaints, 'log').to.deep.equal([]);
    expect(kills).to.be.greaterThan(0);
    expect(upgrades).to.be.greaterThan(0);
    expect(changes.made).to.be.greaterThan(10);
    for (const count of ledger.done.values()) expect(count).to.be.greaterThan(0);
  });
});
