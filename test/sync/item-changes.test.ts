import { expect } from 'chai';
import { anything, assert, dictionary, jsonValue, option, property, string } from 'fast-check';
import type { Difference } from '../../lib/control.ts';
import { differ, itemChanges } from '../../lib/sync/item-changes.ts';

describe('differences', () => {
  it('lead from what was before to what is after', () => {
    assert(
      property(jsonValue(), jsonValue(), (before, after) => {
        const copy = structuredClone(before);
        expect(apply(copy, differ(before, after))).to.deep.equal(after);
      }),
      { numRuns: 2000 },
    );
  });

  it('lead there for objects that have most members in common', () => {
    const members = dictionary(
      string({ maxLength: 3 }),
      dictionary(string({ maxLength: 2 }), jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
      { maxKeys: 5 },
    );
    assert(
      property(members, members, members, (common, one, other) => {
        const before = { ...common, ...one };
        const after = { ...common, ...other };
        const differences = differ(before, after);
        expect(apply(structuredClone(before), differences)).to.deep.equal(after);
        expect(differ(after, after)).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
  });

  it('are none where the order of members is all that differs', () => {
    expect(differ({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).to.deep.equal([]);
  });

  it('of texts that are no JSON are those of the texts', () => {
    assert(
      property(option(string()), option(anything()), (before, after) => {
        const text = after === null ? null : String(JSON.stringify(after));
        const changes = itemChanges([{ key: 'rules/a', before, after: text }], true);
        expect(changes.length).to.be.at.most(1);
        if (before === null && text !== null) expect(changes[0]?.change).to.equal('added');
        if (before !== null && text === null) expect(changes[0]?.change).to.equal('removed');
      }),
    );
  });
});

describe('changes of items', () => {
  it('name the kind, the item and the place', () => {
    const before = JSON.stringify({ init: 'r', rules: { r: { type: 'ua', args: { pattern: 'x' } } } });
    const after = JSON.stringify({ init: 'r', rules: { r: { type: 'ua', args: { pattern: 'y', succ: 's' } } } });
    const changes = itemChanges(
      [
        { key: 'rules/a.test', before, after },
        { key: 'rules/b/c', before: null, after: '{}' },
        { key: 'upstreams/u/10.0.0.1:80', before: '', after: null },
        { key: 'upstreams/u/10.0.0.2:80', before: 'weight=2', after: 'weight=2' },
        { key: 'upstreams/u/10.0.0.3:80', before: null, after: 'weight=3' },
        { key: 'upstreams/gone/10.0.0.1:80', before: 'weight=3', after: null },
        { key: 'upstreams/empty/', before: null, after: '' },
        { key: 'unknown/x', before: null, after: '1' },
      ],
      true,
    );
    expect(changes).to.deep.equal([
      {
        kind: 'domain',
        name: 'a.test',
        change: 'changed',
        differences: [
          { at: '/rules/r/args/pattern', before: 'x', after: 'y' },
          { at: '/rules/r/args/succ', after: 's' },
        ],
      },
      { kind: 'domain', name: 'b/c', change: 'added', differences: [{ at: '', after: {} }] },
      {
        kind: 'upstream',
        name: 'u',
        change: 'changed',
        differences: [
          { at: '/10.0.0.1:80', before: '' },
          { at: '/10.0.0.3:80', after: 'weight=3' },
        ],
      },
      {
        kind: 'upstream',
        name: 'gone',
        change: 'removed',
        differences: [{ at: '', before: { '10.0.0.1:80': 'weight=3' } }],
      },
      { kind: 'upstream', name: 'empty', change: 'added', differences: [{ at: '', after: {} }] },
    ]);
  });

  it('of an upstream of which only some keys are known is a change of these servers', () => {
    const changes = itemChanges([{ key: 'upstreams/u/10.0.0.3:80', before: null, after: 'weight=3' }], false);
    expect(changes).to.deep.equal([
      { kind: 'upstream', name: 'u', change: 'changed', differences: [{ at: '/10.0.0.3:80', after: 'weight=3' }] },
    ]);
  });
});

/** Makes the differences in a value, as a reader of the answer would. */
function apply(value: unknown, differences: readonly Difference[]): unknown {
  const root = { '': value };
  for (const { at, ...difference } of differences) {
    const steps = at.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    // Every step but the last leads through objects.
    const parent = steps.reduce(
      (object, step) => object[step] as Record<string, unknown>,
      root as Record<string, unknown>,
    );
    if ('after' in difference) Object.defineProperty(parent, last, { ...PLAIN, value: difference.after });
    else delete parent[last];
  }
  return root[''];
}

/** `__proto__` is a member like any other. */
const PLAIN = { enumerable: true, writable: true, configurable: true };
