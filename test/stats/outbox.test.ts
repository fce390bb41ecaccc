import { expect } from 'chai';
import fc from 'fast-check';
import { Outbox } from '../../lib/stats/outbox.ts';

describe('outbox', () => {
  it('hands over what came before it was closed, each once and in order', () => {
    const step = fc.oneof(fc.constant('add' as const), fc.constant('close' as const), fc.nat({ max: 4 }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const outbox = new Outbox<number>();
        let [added, closed] = [0, 0];
        const taken: number[] = [];
        for (const one of steps) {
          if (one === 'add') outbox.add(added++);
          else if (one === 'close') closed = added;
          if (one === 'close') outbox.close();
          if (typeof one !== 'number') continue;
          const piece = outbox.take(one);
          expect(piece).to.have.length(Math.min(one, closed - taken.length));
          taken.push(...piece);
        }
        expect(taken).to.deep.equal(Array.from({ length: taken.length }, (_, i) => i));
        expect(outbox.size).to.equal(added - taken.length);
      }),
    );
  });
});
