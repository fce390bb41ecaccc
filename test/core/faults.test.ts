import { expect } from 'chai';
import { FAULTS, faultOf } from '../../lib/core/faults.ts';

describe('faults', () => {
  it('have a code each, which metrics count in eight bits', () => {
    for (const [name, { code }] of Object.entries(FAULTS)) {
      expect(faultOf(code).name).to.equal(name);
      expect(code).to.be.within(-255, -1);
    }
  });
});
