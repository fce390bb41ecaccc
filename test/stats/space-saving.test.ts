import { expect } from 'chai';
import * as fc from 'fast-check';
import { SpaceSaving } from '../../lib/stats/space-saving.ts';

describe('space saving', () => {
  const size = 8;

  it('never counts too little, too much by no more than it says, and misses nothing that is frequent', () => {
    const names = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.integer({ max: 40, min: 0 }).map(String)), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(names, (stream) => {
        const top = new SpaceSaving(
          size,
          () => null,
          () => undefined,
        );
        const real = new Map<string, number>();
        for (const name of stream) {
          top.add(name, 1);
          real.set(name, (real.get(name) ?? 0) + 1);
        }
        const found = new Map(top.top().map((entry) => [entry.name, entry]));
        expect(found.size).to.be.at.most(size);
        for (const { name, count, over } of found.values()) {
          expect(count).to.be.at.least(real.get(name) ?? 0);
          expect(count - over).to.be.at.most(real.get(name) ?? 0);
        }
        for (const [name, count] of real) if (count > stream.length / size) expect(found.has(name)).to.equal(true);
      }),
    );
  });

  it('tells what it drops, and forgets what was long ago', () => {
    const dropped: string[] = [];
    let made = 0;
    const top = new SpaceSaving(
      2,
      () => `v${++made}`,
      (value) => dropped.push(value),
    );
    for (const name of ['a', 'a', 'b', 'c']) top.add(name, 1);
    expect([top.top().map(({ name, count, over }) => [name, count, over]), dropped]).to.deep.equal([
      [
        ['a', 2, 0],
        ['c', 2, 1],
      ],
      ['v2'],
    ]);
    for (let i = 0; i < 10; i++) top.age(0.5);
    expect([top.top(), dropped]).to.deep.equal([[], ['v2', 'v1', 'v3']]);
  });
});
