import { expect } from 'chai';
import { PathPatterns } from '../../lib/stats/path-patterns.ts';

describe('path patterns', () => {
  const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

  it('learn that a place is variable once it has had more than twenty values', () => {
    const patterns = new PathPatterns();
    const seen = range(30).map((i) => patterns.patternOf(`/users/${i}`));
    expect(seen.slice(0, 20)).to.deep.equal(range(20).map((i) => `/users/${i}`));
    expect(new Set(seen.slice(20))).to.deep.equal(new Set(['/users/*']));
    expect(patterns.patternOf('/users/1')).to.equal('/users/*');
  });

  it('keep names behind a variable place, and other lengths apart', () => {
    const patterns = new PathPatterns();
    for (const i of range(30)) patterns.patternOf(`/users/${i}/orders`);
    expect(patterns.patternOf('/users/99/orders')).to.equal('/users/*/orders');
    expect(patterns.patternOf('/users/7')).to.equal('/users/7');
    expect(['/', '', '/a//b'].map((path) => patterns.patternOf(path))).to.deep.equal(['/', '/', '/a//b']);
  });

  it('stay bounded, whatever clients ask for', () => {
    const patterns = new PathPatterns();
    const found = new Set<string>();
    const parts = range(400).map((i) => `x${i}`);
    for (const a of parts) for (const b of parts) found.add(patterns.patternOf(`/${a}/${b}/${a}${b}`));
    expect(found.size).to.be.below(20 * 20 * 20);
    expect(patterns.patternOf('/n/n/n')).to.equal('/*/*/*');
    expect(patterns.patternOf('/a'.repeat(10_000))).to.equal('/*');
  });
});
