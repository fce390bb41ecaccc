import { expect } from 'chai';
import { MemoryStore } from '../../lib/store/memory.ts';
import { ControlPlane } from '../fixtures/control-plane.ts';
import { settled } from '../fixtures/manual-scheduler.ts';

/** A graph of one node. */
const one = (type: string, args: object): { init: string; rules: object } => ({
  init: 'n',
  rules: { n: { type, args } },
});
const including = (graph: string): object => one('include', { graph });
const going = (domain: string): object => one('goto', { domain });
const returning = one('return', {});

describe('sync: graphs that lead to others', () => {
  let store: MemoryStore;
  let plane: ControlPlane;
  afterEach(() => plane.sync.stop());

  async function start(values: Readonly<Record<string, object>>): Promise<void> {
    store = new MemoryStore(
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)])),
    );
    plane = new ControlPlane(store);
    await plane.sync.start();
    await plane.until(() => plane.batches.length === 1);
    await settled();
  }

  async function put(key: string, value: object | null): Promise<void> {
    store.commit([{ key, value: value === null ? null : JSON.stringify(value) }]);
    await settled();
  }

  /** What the last batch changed. */
  const last = (): readonly string[] => plane.batches.at(-1)?.map(({ kind, name }) => `${kind} ${name}`) ?? [];
  const served = (kind: string, name: string): unknown => {
    const change = plane.sync.table().find((one_) => one_.kind === kind && one_.name === name);
    return change === undefined || !('document' in change) || change.document === null
      ? null
      : JSON.parse(change.document);
  };

  it('change a shared graph by one change, however many include it', async () => {
    const domains = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`rules/d${i}.test`, including('g')]));
    await start({ 'graphs/g': returning, ...domains });
    expect(plane.sync.status.dangling.size).to.equal(0);
    await put('graphs/g', one('return', { exit: 'x' }));
    expect(last()).to.deep.equal(['graph g']);
    expect(plane.sync.graphs()).to.deep.equal({ g: one('return', { exit: 'x' }) });
  });

  it('wait for a graph or a domain that is missing while their former version works', async () => {
    await start({ 'rules/a.test': one('respond', {}) });
    for (const [document, key, needed] of [
      [including('g'), 'graphs/g', returning],
      [going('B.test'), 'rules/b.test', one('respond', {})],
    ] as const) {
      await put('rules/a.test', document);
      expect(served('domain', 'a.test')).to.deep.equal(one('respond', {}));
      const reference = key.replace('rules/', 'domain/').replace('graphs/', 'graph/');
      expect(plane.sync.status.held.get('rules/a.test')?.upstreams).to.deep.equal([reference]);
      await put(key, needed);
      expect(served('domain', 'a.test')).to.deep.equal(document);
      expect(plane.sync.status.held.size).to.equal(0);
      await put(key, null);
      expect([...plane.sync.status.dangling]).to.deep.equal([['rules/a.test', [reference]]]);
      await put('rules/a.test', one('respond', {}));
      expect(plane.sync.status.dangling.size).to.equal(0);
    }
  });

  it('refuse what closes a circle, over goto and include, and take it once the circle is open', async () => {
    await start({ 'rules/a.test': going('b.test'), 'graphs/g': one('include', { graph: 'h' }) });
    await put('rules/b.test', including('g'));
    await put('graphs/h', going('a.test'));
    const reason = plane.sync.status.rejected.get('graphs/h')?.reason;
    expect(reason).to.equal(
      'closes a circle of graphs: graph/h -> domain/a.test -> domain/b.test -> graph/g -> graph/h',
    );
    expect(served('graph', 'h')).to.equal(null);
    await put('rules/a.test', one('respond', {}));
    expect(plane.sync.status.rejected.size).to.equal(0);
    expect(served('graph', 'h')).to.deep.equal(going('a.test'));
    await put('rules/a.test', going('A.test'));
    expect(plane.sync.status.rejected.get('rules/a.test')?.reason).to.match(
      /circle of graphs: domain\/a.test -> domain\/a.test/,
    );
    expect(served('domain', 'a.test')).to.deep.equal(one('respond', {}));
  });

  it('refuse a circle of one request as a whole, and one with what is there', async () => {
    await start({ 'graphs/g': including('h') });
    const both = await plane.mutate([
      { kind: 'put-domain', name: 'a.test', document: going('b.test') },
      { kind: 'put-domain', name: 'b.test', document: going('a.test') },
    ]);
    expect(both.map(({ at }) => at)).to.deep.equal(['/a.test', '/b.test']);
    const [problem] = await plane.mutate([{ kind: 'put-graph', name: 'h', document: including('g') }]);
    expect(problem).to.deep.equal({ at: '/h', msg: 'closes a circle of graphs: graph/h -> graph/g -> graph/h' });
    const opened = await plane.mutate([
      { kind: 'put-graph', name: 'g', document: returning },
      { kind: 'put-graph', name: 'h', document: including('g') },
    ]);
    expect(opened).to.deep.equal([]);
    expect(Object.keys(plane.sync.domains())).to.deep.equal([]);
  });

  it('refuse a return in the graph of a domain, and bad names of graphs', async () => {
    await start({});
    const problems = await plane.mutate([
      { kind: 'put-domain', name: 'a.test', document: returning },
      { kind: 'put-graph', name: 'a/b', document: returning },
    ]);
    expect(problems.map(({ at }) => at)).to.deep.equal(['/a.test/rules/n/type', '/a~1b']);
  });

  it('answer 500 for a domain whose only document closes a circle', async () => {
    await start({ 'rules/a.test': going('a.test') });
    expect(plane.sync.table()).to.deep.include({ kind: 'bad-domain', name: 'a.test', fault: -94 });
  });
});
