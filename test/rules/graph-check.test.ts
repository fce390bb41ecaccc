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

/** What may come into a text. */
const piece = fc.oneof(
  fc.constantFrom('', 'x', '"', '\\', '{', '}', ',', '"args":', '"x":1,', '{"a":{}}', '\0args', ' ', '\n', '}}}', '9'),
  fc.string({ maxLength: 4 }),
);

describe('check of graphs that are like others', () => {
  it('says what the check of each by itself says', () => {
    let alike = 0;
    let seenByText = 0;
    const step = fc.record({
      document: fc.nat(good.length - 1),
      changes: fc.array(fc.tuple(fc.nat(), other), { maxLength: 3 }),
    });
    for (const isShared of [false, true]) {
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
          const check = new GraphCheck({ ...graphs, isShared });
          for (const { document, changes } of steps) {
            // The second of a kind is what texts are compared with.
            for (let i = 0; i < 2; i++) check.check(changed(good[document], 0, (it) => it));
            const told = changes.reduce(
              (graph, [nth, to]) => changed(graph, nth, to),
              changed(good[document], 0, (it) => it),
            );
            const { problems, fault, upstreams } = compileGraph(told, { ...graphs, isShared });
            const needs = check.needsOf(JSON.stringify(told));
            if (needs !== null) {
              expect({ problems, needs }).to.deep.equal({ problems: [], needs: upstreams });
              if (changes.length > 0) seenByText++;
            }
            expect(check.check(told)).to.deep.equal({ problems, fault, upstreams });
            if (problems.length === 0 && changes.length > 0) alike++;
          }
        }),
        { numRuns: 300 },
      );
    }
    // Else nothing but the check of the whole was looked at.
    expect(alike).to.be.greaterThan(100);
    expect(seenByText).to.be.greaterThan(100);
  });

  it('takes no text for a good graph that is none', () => {
    let taken = 0;
    const cut = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(3), put: piece });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.array(cut, { minLength: 1, maxLength: 3 }), (document, cuts) => {
        const check = new GraphCheck(graphs);
        for (let i = 0; i < 2; i++) check.check(structuredClone(good[document]));
        const text = cuts.reduce((json, { at, length, put }) => {
          const from = Math.floor(at * json.length);
          return json.slice(0, from) + put + json.slice(from + length);
        }, JSON.stringify(good[document]));
        const needs = check.needsOf(text);
        if (needs === null) return;
        const { problems, upstreams } = compileGraph(JSON.parse(text), graphs);
        expect({ problems, needs }).to.deep.equal({ problems: [], needs: upstreams });
        taken++;
      }),
      { numRuns: 3000 },
    );
    // Letters within args.
    expect(taken).to.be.greaterThan(20);
  });

  it('sees what a text with another upstream needs, and leaves one that is written otherwise to the whole check', () => {
    const check = new GraphCheck(graphs);
    const way = (servername: string): unknown => ({
      init: 'end',
      rules: { end: { type: 'backend', args: { servername } } },
    });
    expect(check.needsOf(JSON.stringify(way('a'))), 'nothing is known').to.equal(null);
    for (const name of ['a', 'b']) check.check(way(name));
    expect(check.needsOf(JSON.stringify(way('b')))).to.deep.equal(['b']);
    expect(check.needsOf(JSON.stringify(way('c')))).to.deep.equal(['c']);
    expect(check.needsOf(JSON.stringify(way('c'), null, 2))).to.equal(null);
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
