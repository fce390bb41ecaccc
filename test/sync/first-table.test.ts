import { expect } from 'chai';
import { Seal } from '../../lib/core/seal.ts';
import type { Image } from '../../lib/store/image.ts';
import { SyncCore } from '../../lib/sync/core.ts';
import { documentKinds } from '../../lib/sync/document-kinds.ts';
import { firstTable } from '../../lib/sync/first-table.ts';
import { Table } from '../../lib/table.ts';
import { rules } from '../../rules/index.ts';
import { graphText } from '../fixtures/control-plane.ts';
import { Random } from './random.ts';

const KINDS = documentKinds({ rules, maxNodes: 50 }, new Seal([]), () => 0);
const including = (name: string): string =>
  JSON.stringify({
    init: 'r',
    rules: { r: { type: 'include', args: { graph: name } } },
  });
const OPTIONS = JSON.stringify({ retry: { tries: 2 } });

/** Entries, and whether a worker can tell their table by itself. */
const cases: readonly (readonly [what: string, entries: Readonly<Record<string, string>>, isTold: boolean])[] = [
  ['nothing', {}, true],
  ['graphs and servers', { 'rules/a.test': graphText('up'), 'upstreams/up/10.0.0.1:80': 'weight=2' }, true],
  ['servers in any order', { 'upstreams/up/10.0.0.2:80': '', 'upstreams/up/10.0.0.1:80': 'backup' }, true],
  ['an upstream without servers', { 'upstreams/up/': '' }, true],
  ['a graph of an upstream that is not there', { 'rules/a.test': graphText('gone') }, true],
  ['a name in several spellings', { 'rules/A.test': graphText('up'), 'rules/a.test': graphText('down') }, true],
  ['options', { 'options/up': OPTIONS }, true],
  ['what a domain wants of TLS', { 'tls/a.test': '{}' }, true],
  ['keys of no kind', { 'other/x': 'y', 'upstreams/none': '' }, true],
  ['a shared graph', { 'graphs/g': graphText('up'), 'rules/a.test': including('g') }, true],
  ['a server with a name', { 'upstreams/up/web.test:80': '' }, false],
  ['bad parameters', { 'upstreams/up/10.0.0.1:80': 'weight=x' }, false],
  ['a bad graph', { 'rules/a.test': '{' }, false],
  ['a circle', { 'graphs/g': including('h'), 'graphs/h': including('g') }, false],
  ['a certificate', { 'certs/c': '{}' }, false],
];

describe('the first table of a worker that reads the image itself', () => {
  for (const [what, entries, isTold] of cases) {
    it(`is that of a control plane, or none: ${what}`, () => {
      const image = imageOf(entries);
      expect(firstTable(image) !== null).to.equal(isTold);
      expectSame(image);
    });
  }

  it('is the same for any mixture of them', () => {
    let told = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed);
      const some = cases.filter(([, , isTold]) => random.chance(isTold ? 0.5 : 0.05));
      told += expectSame(imageOf(Object.assign({}, ...some.map(([, entries]) => entries)))) ? 1 : 0;
    }
    expect(told).to.be.above(100);
  });

  it('is none where a document was not checked by this version', () => {
    expect(firstTable({ ...imageOf({ 'rules/a.test': graphText('up') }), needsOf: () => null })).to.equal(null);
  });

  it('is none where something else was in force than what the store held', () => {
    const core = new SyncCore(KINDS);
    const load = (revision: number, value: string): void => {
      core.load({ revision, cluster: 'c', entries: [{ key: 'rules/a.test', value, revision }] }, true, 0);
    };
    load(1, graphText('up'));
    load(2, '{');
    expect(firstTable(core.takeImage(0)!)).to.equal(null);
  });

  it('can be told again once what was changed here is as the store has it', () => {
    const core = new SyncCore(KINDS);
    const [key, stored] = ['rules/a.test', graphText('up')];
    const edit = (text: string): void => void core.edit([{ kind: 'document', of: 'domain', name: 'a.test', text }], 0);
    core.load({ revision: 1, cluster: 'c', entries: [{ key, value: stored, revision: 1 }] }, true, 0);
    edit(graphText('mine'));
    const image = core.takeImage(0)!;
    expect([firstTable(image), image.needsOf(key, stored)]).to.deep.equal([null, null]);
    edit(stored);
    const news = core.takeNews(0)!;
    expect([news.changes, news.substitutes]).to.deep.equal([[{ key, value: stored, revision: 1 }], []]);
    expect(news.needsOf(key, stored)).to.deep.equal([]);
    expect(core.takeNews(0)).to.deep.include({ changes: [], substitutes: null });
  });
});

describe('a table', () => {
  it('tells what makes it out of another one', () => {
    const [one, other] = [new Table(), new Table()];
    const up = { kind: 'upstream', name: 'up', servers: [] } as const;
    one.put(up);
    one.put({ kind: 'domain', name: 'a.test', document: '1' });
    one.put({ kind: 'bad-domain', name: 'b.test', fault: -93 });
    other.put(up);
    other.put({ kind: 'domain', name: 'a.test', document: '2' });
    other.put({ kind: 'domain', name: 'c.test', document: '3' });
    const before = one.whole();
    for (const change of other.since(one)) one.put(change);
    expect(one.whole()).to.have.deep.members(other.whole());
    expect(other.since(one)).to.deep.equal([]);
    expect(before).to.have.length(3);
  });
});

function imageOf(entries: Readonly<Record<string, string>>): Image {
  const core = new SyncCore(KINDS);
  const stored = Object.entries(entries).map(([key, value]) => ({ key, value, revision: 1 }));
  core.load({ revision: 1, cluster: 'c', entries: stored }, true, 0);
  return core.takeImage(0)!;
}

/** Whether there is one. */
function expectSame(image: Image): boolean {
  const first = firstTable(image);
  if (first === null) return false;
  const core = new SyncCore(KINDS);
  core.restore(image, 0);
  expect(first).to.have.deep.members(core.table());
  return true;
}
