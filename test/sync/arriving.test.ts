import { expect } from 'chai';
import * as fc from 'fast-check';
import type { TableChange } from '../../lib/change.ts';
import { Seal } from '../../lib/core/seal.ts';
import { SyncCore } from '../../lib/sync/core.ts';
import { documentKinds } from '../../lib/sync/document-kinds.ts';
import { rules } from '../../rules/index.ts';
import { graphText } from '../fixtures/control-plane.ts';

/** By kind and name, what is told of the table. */
type Told = ReadonlyMap<string, TableChange>;

describe('what a first load is about to bring', () => {
  const kinds = documentKinds({ rules, maxNodes: 100 }, new Seal([]), () => 0);
  const told = (changes: readonly TableChange[]): Told =>
    new Map(changes.map((change) => [`${change.kind} ${change.name}`, change]));

  /** What is expected of a store, read in pieces of three keys, and what then comes of it. */
  function load(store: Readonly<Record<string, string>>, reads = 1): { expected: Told; loaded: Told } {
    const core = new SyncCore(kinds);
    const keys = Object.keys(store).toSorted();
    const entries = keys.map((key) => ({ key, value: store[key] ?? '', revision: 7 }));
    const expected: TableChange[] = [];
    for (let read = 0; read < reads; read++) {
      for (let at = 0; at < entries.length; at += 3) expected.push(...core.arriving(entries.slice(at, at + 3)));
    }
    const { changes } = core.load({ revision: 9, cluster: 'c', entries }, false, 0);
    return { expected: told(expected), loaded: told(changes) };
  }

  const usual: Record<string, string> = {};
  for (let i = 0; i < 10; i++) {
    usual[`rules/d${i}.test`] = graphText(`up${i}`);
    for (let j = 0; j < 4; j++) usual[`upstreams/up${i}/10.0.${i}.${j}:80`] = j === 3 ? 'backup' : 'weight=2';
  }

  it('is told but for the last upstream, of which nobody knows whether it is all there', () => {
    for (const reads of [1, 2]) {
      const { expected, loaded } = load(usual, reads);
      expect(loaded).to.have.length(20);
      expect([...loaded.keys()].filter((name) => !expected.has(name))).to.deep.equal(
        reads === 1 ? ['upstream up9'] : [],
      );
      for (const [name, change] of expected) expect(change).to.deep.equal(loaded.get(name));
    }
  });

  const other: readonly (readonly [what: string, key: string, value: string, expected: boolean])[] = [
    ['a bad graph', 'rules/x.test', '{', false],
    ['a bad name', 'rules/x y', graphText('up0'), false],
    ['a graph that needs others', 'rules/x.test', graphIncluding('shared'), false],
    ['a bad server', 'upstreams/up0/10.9.9.9:80', 'weight=x', false],
    ['a server with a name', 'upstreams/up0/web.test:80', '', false],
    ['an upstream that is said to be there', 'upstreams/up0/', '', true],
    ['a key that means nothing', 'other/x', '', true],
  ];
  for (const [what, key, value, isExpected] of other) {
    it(`${what} ${isExpected ? 'changes nothing of that' : 'is left to the load'}`, () => {
      const { expected, loaded } = load({ ...usual, [key]: value });
      for (const [name, change] of expected) expect(change, name).to.deep.equal(loaded.get(name));
      const of = key.startsWith('upstreams/') ? 'upstream up0' : `domain ${key.slice('rules/'.length)}`;
      if (!isExpected) expect(expected.has(of)).to.equal(false);
      else expect(expected).to.have.length(19);
    });
  }

  it('is checked again where the load brings something else', () => {
    const core = new SyncCore(kinds);
    const entry = { key: 'rules/a.test', value: graphText('one'), revision: 3 };
    const server = { key: 'upstreams/one/10.0.0.1:80', value: 'weight=2', revision: 3 };
    core.arriving([entry, server]);
    const entries = [
      { ...entry, value: '{' },
      { ...server, value: 'weight=3' },
    ];
    const { changes } = core.load({ revision: 9, cluster: 'c', entries }, false, 0);
    expect(core.rejected.has('rules/a.test')).to.equal(true);
    const [upstream] = changes.filter(({ kind }) => kind === 'upstream');
    expect(upstream).to.have.nested.property('servers[0].weight', 3);
  });

  it('changes nothing of what a load leads to, in whatever order it comes, once or again, and whatever is changed here meanwhile', () => {
    const names = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
    const name = fc.constantFrom(...names);
    const text = fc.constantFrom(graphText('one'), graphText('two'), '{', graphIncluding('shared'));
    const store = fc.dictionary(name, text, { maxKeys: 5 });
    const step = fc.oneof(
      fc.array(fc.tuple(name, text), { maxLength: 4 }).map((arriving) => ({ arriving })),
      fc.tuple(name, text).map((edit) => ({ edit })),
    );
    fc.assert(
      fc.property(store, store, fc.array(step, { maxLength: 6 }), (first, second, steps) => {
        const entriesOf = (of: Iterable<readonly [string, string]>, revision = 3) =>
          Array.from(of, ([one, value]) => ({ key: `rules/${one}`, value, revision }));
        const led = [true, false].map((hasArrived) => {
          const core = new SyncCore(kinds);
          for (const [i, document] of [first, second].entries()) {
            for (const done of steps) {
              if ('edit' in done) {
                const [one, is] = done.edit;
                core.edit([{ kind: 'document', of: 'domain', name: one, text: is }], 0);
              } else if (hasArrived) core.arriving(entriesOf(done.arriving));
            }
            const entries = entriesOf(Object.entries(document).toSorted(), 3 + i);
            if (hasArrived) core.arriving(entries);
            core.load({ revision: 9 + i, cluster: 'c', entries }, i > 0, 0);
          }
          return { table: core.table(), rejected: [...core.rejected.keys()], held: [...core.held.keys()] };
        });
        expect(led[0]).to.deep.equal(led[1]);
      }),
      { numRuns: 500 },
    );
  });
});

function graphIncluding(graph: string): string {
  return JSON.stringify({ init: 'in', rules: { in: { type: 'include', args: { graph } } } });
}
