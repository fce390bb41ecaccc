import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { collectGarbage } from '../../lib/core/collect-garbage.ts';

describe('collecting garbage', () => {
  it('leaves what is needed, and nothing else', async () => {
    const needed = { held: true };
    const weak = { needed: new WeakRef(needed), other: new WeakRef({ held: false }) };
    // What was looked at in a turn stays for the whole of it.
    await turn();
    collectGarbage();
    expect(weak.other.deref()).to.equal(undefined);
    expect(weak.needed.deref()).to.equal(needed);
  });

  it('takes its flag back', () => {
    collectGarbage();
    expect(runInNewContext('typeof gc')).to.equal('undefined');
  });
});
