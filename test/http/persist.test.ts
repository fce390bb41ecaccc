import { expect } from 'chai';
import { Half, mayReuse, Reuse } from '../../lib/http/persist.ts';

const { READ, SENT, PERSISTS } = Half;
const ALL = READ | SENT | PERSISTS;
const HALVES = Array.from({ length: ALL + 1 }, (_, half) => half);

/** Which of the 64 combinations let a connection go on, each line by name: request, reply, what may be used again. */
const TABLE: [what: string, request: number, reply: number, reuse: number][] = [
  ['all is well', ALL, ALL, Reuse.CLIENT | Reuse.SERVER],
  ['the client says close', READ | SENT, ALL, Reuse.SERVER],
  ['the server says close', ALL, READ | SENT, Reuse.CLIENT],
  ['both say close', READ | SENT, READ | SENT, Reuse.NEITHER],
  ['an early reply, the rest of the body drained', READ | PERSISTS, ALL, Reuse.CLIENT],
  ['an early reply, the body still arriving', PERSISTS, ALL, Reuse.NEITHER],
  ['a reply of our own', READ | PERSISTS, SENT, Reuse.CLIENT],
  ['a reply of our own to a body still arriving', PERSISTS, SENT, Reuse.NEITHER],
  ['the client left in the middle of the reply', ALL, READ | PERSISTS, Reuse.SERVER],
  ['a reply that was cut', ALL, PERSISTS, Reuse.NEITHER],
  ['a reply whose end is the end of the connection', ALL, READ, Reuse.NEITHER],
  ['nothing has happened', 0, 0, Reuse.NEITHER],
];

describe('mayReuse', () => {
  for (const [what, request, reply, reuse] of TABLE)
    it(`${what}: ${['neither', 'client', 'server', 'both'][reuse]}`, () => {
      expect(mayReuse(request, reply)).to.equal(reuse);
    });

  it('lets each go on in 8 of 64 combinations, never with anything left on the wire', () => {
    const pairs = HALVES.flatMap((request) =>
      HALVES.map((reply) => ({ request, reply, reuse: mayReuse(request, reply) })),
    );
    expect(pairs.length).to.equal(64);
    expect(pairs.filter(({ reuse }) => (reuse & Reuse.CLIENT) !== 0).length).to.equal(8);
    expect(pairs.filter(({ reuse }) => (reuse & Reuse.SERVER) !== 0).length).to.equal(8);
    for (const { request, reply, reuse } of pairs) {
      if ((reuse & Reuse.CLIENT) !== 0) expect([request & READ, reply & SENT]).to.deep.equal([READ, SENT]);
      if ((reuse & Reuse.SERVER) !== 0) expect([request & SENT, reply & READ]).to.deep.equal([SENT, READ]);
      // Knowing less never allows more.
      for (const bit of [READ, SENT, PERSISTS]) {
        expect(mayReuse(request & ~bit, reply) & ~reuse).to.equal(0);
        expect(mayReuse(request, reply & ~bit) & ~reuse).to.equal(0);
      }
    }
  });
});
