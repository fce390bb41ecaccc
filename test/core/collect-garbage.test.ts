import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
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

  it('leaves nobody a way to do so', () => {
    collectGarbage();
    expect(globalThis).not.to.have.property('gc');
  });
});
