import { expect } from 'chai';
import { nearest } from '../../lib/core/nearest.ts';

describe('the name that is probably meant', () => {
  for (const [name, names, meant] of [
    ['bckend', ['ua', 'backend', 'bearer'], 'backend'],
    ['baekcnd', ['backend'], 'backend'],
    ['fali', ['succ', 'fail'], 'fail'],
    ['Path', ['path', 'ua'], 'path'],
    ['pat', ['path', 'patch'], 'path'],
    ['geo', ['ua', 'path', 'time'], null],
    ['', ['a'], 'a'],
    ['x', [], null],
    ['a'.repeat(200), ['a'.repeat(199)], null],
  ] as const) {
    it(`of ${names.join(', ').slice(0, 30)} by ${JSON.stringify(name.slice(0, 12))} is ${meant ?? 'none'}`, () => {
      expect(nearest(name, names)).to.equal(meant);
    });
  }
});
