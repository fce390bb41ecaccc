import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { compileGraph } from '../../lib/routing/compile.ts';
import { GraphCheck } from '../../lib/routing/graph-check.ts';
import { rules } from '../../rules/index.ts';

const GALLERY = new URL('../../docs/gallery/', import.meta.url);
const graphs = { rules, maxNodes: 100 };

/** The good graphs of the documentation. */
const good: readonly unknown[] = readdirSync(GALLERY).flatMap((page) => {
  const [, json] = /```json\n([^]*?)\n```/.exec(readFileSync(new URL(page, GALLERY), 'utf8')) ?? [];
  return json === undefined ? [] : Object.values((JSON.parse(json) as { domains: Record<string, unknown> }).domains);
});

/** What there is in place of a value: another one of the same graph, or one that fits nowhere. */
type Other = (value: unknown, values: readonly unknown[]) => unknown;
const other: fc.Arbitrary<Other> = fc.oneof(
  fc.nat().map(
    (n): Other =>
      (_value, values) =>
        structuredClone(values[n % values.length]),
  ),
  fc.nat().map(
    (n): Other =>
      (value) =>
        typeof value === 'string' ? `${value}${n % 3}` : value,
  ),
  fc.constantFrom(null, '', 'x', '/x', '(', '(a+)+$', 'return', 'respond', 0, -1, true, [], {}, ['x'], { x: 1 }).map(
    (value): Other =>
      () =>
        value,
  ),
);

/** The same document with its nth value another one; all of it is new. */
function changed(document: unknown, nth: number, to: Other): unknown {
  const values: unknown[] = [];
  JSON.stringify(document, (_key, value: unknown) => (values.push(value), value));
  let left = nth % values.length;
  return JSON.parse(
    JSON.stringify(document, (_key, value: unknown) => (left-- === 0 ? to(value, values) : value) ?? null),
  );
}

describe('check of graphs that are like others', () => {
  it('says what the check of each by itself says', () => {
    let alike = 0;
    const step = fc.record({
      document: fc.nat(good.length - 1),
      changes: fc.array(fc.tuple(fc.nat(), other), { maxLength: 3 }),
    });
    for (const isShared of [false, true]) {
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
          const check = new GraphCheck({ ...graphs, isShared });
          for (const { document, changes } of steps) {
            const told = changes.reduce(
              (graph, [nth, to]) => changed(graph, nth, to),
              changed(good[document], 0, (it) => it),
            );
            const { problems, fault, upstreams } = compileGraph(told, { ...graphs, isShared });
            expect(check.check(told)).to.deep.equal({ problems, fault, upstreams });
            if (problems.length === 0 && changes.length > 0) alike++;
          }
        }),
        { numRuns: 300 },
      );
    }
    // Else nothing but the check of the whole was looked at.
    expect(alike).to.be.greaterThan(100);
  });

  const ways = (succ: string, pattern: string, init = 'way'): unknown => ({
    init,
    rules: {
      way: { type: 'path', args: { pattern, regex: true, succ, fail: 'end' } },
      next: { type: 'ua', args: { pattern: 'x', succ: 'end', fail: 'end' } },
      end: { type: 'backend', args: { servername: 'web' } },
    },
  });
  const cases: readonly (readonly [what: string, like: unknown, problems: number])[] = [
    ['another pattern', ways('next', '^/b'), 0],
    ['a pattern that does not compile', ways('next', '('), 1],
    ['another edge, which is good', ways('end', '^/a'), 0],
    ['an edge that leads nowhere', ways('gone', '^/a'), 1],
    ['an edge that closes a circle', ways('way', '^/a'), 1],
    ['a beginning that is not there', ways('next', '^/a', 'gone'), 1],
  ];
  for (const [what, like, problems] of cases) {
    it(`sees ${what}`, () => {
      const check = new GraphCheck(graphs);
      check.check(ways('next', '^/a'));
      const found = check.check(like);
      expect(found.problems).to.have.length(problems);
      expect(found.problems).to.deep.equal(compileGraph(like, graphs).problems);
    });
  }
});
