import { expect } from 'chai';
import { MemoryStore } from '../../lib/store/memory.ts';
import { ControlPlane, graphOf } from '../fixtures/control-plane.ts';
import { settled } from '../fixtures/manual-scheduler.ts';

describe('sync: graphs that name upstreams', () => {
  let store: MemoryStore;
  let plane: ControlPlane;
  beforeEach(async () => {
    store = new MemoryStore({ 'rules/a.test': text('up'), 'upstreams/up/10.0.0.1:80': '' });
    plane = await started(store);
  });
  afterEach(() => plane.sync.stop());

  async function put(key: string, value: string | null): Promise<void> {
    store.commit([{ key, value }]);
    await settled();
  }

  it('waits for an upstream that is missing while its former version works, says so once, and heals', async () => {
    await put('rules/a.test', text('new'));
    expect(plane.domain('a.test')).to.equal('up');
    const { held, dangling, rejected } = plane.sync.status;
    expect(held.get('rules/a.test')?.upstreams).to.deep.equal(['new']);
    expect([dangling.size, rejected.size]).to.deep.equal([0, 0]);
    expect(plane.sync.domains()['a.test']).to.deep.equal(graphOf('new'));
    await put('upstreams/other/10.0.0.9:80', '');
    await put('upstreams/new/10.0.0.2:80', '');
    expect(plane.domain('a.test')).to.equal('new');
    expect(plane.batches.at(-1)?.map(({ kind }) => kind)).to.deep.equal(['upstream', 'domain']);
    expect(plane.sync.status.held.size).to.equal(0);
    expect(plane.said('a graph names upstreams that do not exist: its former version stays')).to.have.length(1);
    expect(plane.said('a graph has stopped waiting for upstreams')).to.have.length(1);
  });

  it('does not wait within one revision, nor at the first load, nor for servers that are addressed directly', async () => {
    store.commit([
      { key: 'rules/a.test', value: text('new') },
      { key: 'upstreams/new/10.0.0.2:80', value: '' },
    ]);
    await settled();
    expect(plane.domain('a.test')).to.equal('new');
    await put('rules/b.test', text('nobody'));
    expect(plane.domain('b.test')).to.equal('nobody');
    for (const direct of ['10.0.0.3:8080', 'http://name.test', '[::1]:80', 'name.test:1']) {
      await put('rules/a.test', text(direct));
      expect(plane.domain('a.test')).to.equal(direct.replace(/:80$/, ''));
    }
    expect(plane.said('a graph names upstreams that do not exist: its former version stays')).to.have.length(0);
    expect([...plane.sync.status.dangling]).to.deep.equal([['rules/b.test', ['nobody']]]);
  });

  it('takes the newest where no version works', async () => {
    await put('rules/a.test', text('new'));
    await put('upstreams/up/10.0.0.1:80', null);
    expect(plane.domain('a.test')).to.equal('new');
    expect(plane.sync.status.held.size).to.equal(0);
    expect([...plane.sync.status.dangling]).to.deep.equal([['rules/a.test', ['new']]]);
    await put('upstreams/up/10.0.0.1:80', '');
    expect(plane.domain('a.test')).to.equal('new');
  });

  it('reports an upstream that is deleted while a graph names it, until either is mended', async () => {
    expect(await plane.mutate([{ kind: 'delete-upstream', name: 'up' }])).to.deep.equal([]);
    expect(plane.upstream('up')).to.equal(null);
    expect([...plane.sync.status.dangling]).to.deep.equal([['rules/a.test', ['up']]]);
    expect(plane.said('a graph in force names upstreams that do not exist: they answer 502')).to.have.length(1);
    await plane.mutate([{ kind: 'put-upstream', name: 'up', servers: { '10.0.0.1:80': '' } }]);
    expect(plane.sync.status.dangling.size).to.equal(0);
  });

  it('waits with a change made here, too, and a dump writes what waits', async () => {
    await plane.mutate([{ kind: 'put-domain', name: 'a.test', document: graphOf('new') }]);
    expect(plane.domain('a.test')).to.equal('up');
    await plane.dump();
    await settled();
    expect(store.get('rules/a.test')).to.equal(text('new'));
    expect([plane.domain('a.test'), plane.sync.status.overlays]).to.deep.equal(['up', 0]);
    await plane.mutate([{ kind: 'put-upstream', name: 'new', servers: { '10.0.0.2:80': '' } }]);
    expect(plane.domain('a.test')).to.equal('new');
  });

  it('heals by a former or another version, and by its removal', async () => {
    await put('rules/a.test', text('new'));
    await put('rules/a.test', text('up'));
    expect([plane.domain('a.test'), plane.sync.status.held.size]).to.deep.equal(['up', 0]);
    await put('rules/a.test', text('new'));
    await put('rules/a.test', null);
    expect([plane.domain('a.test'), plane.sync.status.held.size]).to.deep.equal([null, 0]);
    await put('rules/a.test', text('newer'));
    expect(plane.domain('a.test')).to.equal('newer');
  });

  it('tells a multitude by its first and its number', async () => {
    const rules = Array.from({ length: 50 }, (_, i) => [`rules/d${i}.test`, text('nobody')]);
    const other = await started(new MemoryStore(Object.fromEntries(rules)));
    const lines = other.said('a graph in force names upstreams that do not exist: they answer 502');
    expect(lines).to.have.length(20);
    expect(lines.at(-1)?.['andMore']).to.equal(30);
    await other.sync.stop();
  });

  it('refuses a graph of too many nodes, and keeps the last good one', async () => {
    const nodes = Array.from({ length: 51 }, (_, i) => [`n${i}`, { type: 'backend', args: {} }]);
    const document = { init: 'n0', rules: Object.fromEntries(nodes) as unknown };
    const problems = await plane.mutate([{ kind: 'put-domain', name: 'a.test', document }]);
    const msg = 'has 51 nodes; at most 50 are allowed (option max-nodes)';
    expect(problems).to.deep.equal([{ at: '/a.test/rules', msg }]);
    await put('rules/a.test', JSON.stringify(document));
    expect(plane.domain('a.test')).to.equal('up');
    expect(plane.sync.status.rejected.get('rules/a.test')?.problems).to.deep.equal([{ at: '/rules', msg }]);
  });
});

function text(servername: string): string {
  return JSON.stringify(graphOf(servername));
}

async function started(store: MemoryStore): Promise<ControlPlane> {
  const plane = new ControlPlane(store);
  await plane.sync.start();
  await plane.until(() => plane.batches.length === 1);
  await settled();
  return plane;
}
