import { expect } from 'chai';
import type { Mutation } from '../../lib/control.ts';
import { Fault } from '../../lib/core/faults.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreError } from '../../lib/store/store.ts';
import type { Write } from '../../lib/store/store.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { failure } from '../fixtures/failure.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('sync', () => {
  let store: MemoryStore;
  let plane: ControlPlane;
  beforeEach(async () => {
    store = new MemoryStore({ 'rules/a.test': graphText('up'), 'upstreams/up/10.0.0.1:80': 'weight=2' });
    plane = new ControlPlane(store);
    await plane.sync.start();
    await plane.until(() => plane.batches.length === 1);
    await settled();
  });
  afterEach(() => plane.sync.stop());

  async function mutate(...mutations: readonly Mutation[]): Promise<void> {
    expect(await plane.mutate(mutations)).to.deep.equal([]);
  }

  function stored(): Record<string, string> {
    return Object.fromEntries(store.entries());
  }

  describe('what the store holds', () => {
    it('is the first table, in one batch', () => {
      expect(plane.domain('a.test')).to.equal('up');
      expect(plane.upstream('up')).to.deep.equal(['10.0.0.1:80*2']);
      expect(plane.batches).to.have.length(1);
      expect(plane.sync.ready).to.equal(true);
      expect(plane.sync.table()).to.have.length(2);
    });

    it('makes one batch per revision', async () => {
      store.commit([
        { key: 'rules/b.test', value: graphText('up2') },
        { key: 'upstreams/up2/10.0.0.2:80', value: '' },
        { key: 'rules/a.test', value: null },
      ]);
      store.commit([{ key: 'upstreams/up2/10.0.0.3:80', value: '' }]);
      await plane.until(() => plane.batches.length === 3);
      expect(plane.batches.slice(1).map((batch) => batch.length)).to.deep.equal([3, 1]);
      expect([plane.domain('a.test'), plane.domain('b.test')]).to.deep.equal([null, 'up2']);
      expect(plane.upstream('up2')).to.deep.equal(['10.0.0.2:80*1', '10.0.0.3:80*1']);
    });

    it('is empty, and that is a table', async () => {
      const empty = new ControlPlane(new MemoryStore());
      await empty.sync.start();
      await empty.until(() => empty.batches.length === 1);
      await settled();
      expect(empty.batches).to.deep.equal([[]]);
      expect(empty.sync.ready).to.equal(true);
      await empty.sync.stop();
    });

    it('makes an upstream go with its last server', async () => {
      store.commit([{ key: 'upstreams/up/10.0.0.1:80', value: null }]);
      await plane.until(() => plane.batches.length === 2);
      expect(plane.upstream('up')).to.equal(null);
      expect(plane.sync.hasUpstream('up')).to.equal(false);
    });

    it('is of kinds that mean nothing here, and makes no batch then', async () => {
      const revision = store.commit([{ key: 'certificates/a.test', value: 'x' }]);
      await settled();
      expect(plane.sync.status.revision).to.equal(revision);
      expect(plane.batches).to.have.length(1);
    });
  });

  describe('a value in the store that is bad', () => {
    const cases = [
      { name: 'no JSON', value: '{"init', fault: Fault.BROKEN_GRAPH },
      { name: 'no graph', value: '[]', fault: Fault.BAD_GRAPH },
      { name: 'a cycle', value: graphText('up').replace('"backend"', '"nope"'), fault: Fault.BROKEN_GRAPH },
    ];
    for (const { name, value, fault } of cases) {
      it(`(${name}) leaves the last good one in force; without one the domain answers ${fault}`, async () => {
        store.commit([
          { key: 'rules/a.test', value },
          { key: 'rules/new.test', value },
        ]);
        await plane.until(() => plane.said('a value in the store is refused').length === 2);
        expect(plane.domain('a.test')).to.equal('up');
        expect(plane.domain('new.test')).to.equal(fault);
        expect(plane.sync.domains()['a.test']).to.deep.equal(graphTo('up'));
        expect([...plane.sync.status.rejected.keys()]).to.deep.equal(['rules/a.test', 'rules/new.test']);
        store.commit([
          { key: 'rules/a.test', value: graphText('again') },
          { key: 'rules/new.test', value: null },
        ]);
        await plane.until(() => plane.domain('a.test') === 'again');
        expect(plane.domain('new.test')).to.equal(null);
        expect(plane.sync.status.rejected.size).to.equal(0);
      });
    }

    it('is options of an upstream: the last good ones stay, or the defaults', async () => {
      const good = '{"balance":{"slow_start":"1s"}}';
      store.commit([{ key: 'options/up', value: good }]);
      store.commit([
        { key: 'options/up', value: '{"balance":{"slow_start":"soon"}}' },
        { key: 'options/other', value: '{"balance"' },
        { key: 'options/a b', value: '{}' },
      ]);
      await plane.until(() => plane.said('a value in the store is refused').length === 3);
      expect([plane.options('up'), plane.options('other')]).to.deep.equal([{ balance: { slow_start: '1s' } }, null]);
      expect(plane.sync.status.rejected.get('options/up')?.problems.map(({ at }) => at)).to.deep.equal([
        '/balance/slow_start',
      ]);
      expect(plane.sync.options()).to.deep.equal({ up: { balance: { slow_start: '1s' } } });
      store.commit(['up', 'other', 'a b'].map((name) => ({ key: `options/${name}`, value: null })));
      await plane.until(() => plane.options('up') === null);
      expect([plane.sync.status.rejected.size, plane.sync.hasOptions('up')]).to.deep.equal([0, false]);
    });

    it('is one server among good ones: it keeps its last good parameters, or is left out', async () => {
      store.commit([
        { key: 'upstreams/up/10.0.0.1:80', value: 'weight=zero' },
        { key: 'upstreams/up/10.0.0.2:80', value: 'bogus' },
        { key: 'upstreams/up/10.0.0.3:80', value: '' },
      ]);
      await plane.until(() => plane.batches.length === 2);
      expect(plane.upstream('up')).to.deep.equal(['10.0.0.1:80*2', '10.0.0.3:80*1']);
      const rejected = [...plane.sync.status.rejected].map(([key, { hasLastGood }]) => [key, hasLastGood]);
      expect(rejected).to.deep.equal([
        ['upstreams/up/10.0.0.1:80', true],
        ['upstreams/up/10.0.0.2:80', false],
      ]);
    });

    it('is mended by a dump, if there was a good one', async () => {
      store.commit([
        { key: 'rules/a.test', value: 'bad' },
        { key: 'rules/new.test', value: 'bad' },
        { key: 'upstreams/up/10.0.0.1:80', value: 'bad' },
      ]);
      await plane.until(() => plane.sync.status.rejected.size === 3);
      await plane.dump();
      expect(stored()).to.deep.equal({
        'rules/a.test': graphText('up'),
        'rules/new.test': 'bad',
        'upstreams/up/10.0.0.1:80': 'weight=2',
      });
      expect([...plane.sync.status.rejected.keys()]).to.deep.equal(['rules/new.test']);
    });
  });

  describe('a change made here', () => {
    it('is answered when it is in force, and not before', async () => {
      const gate = Promise.withResolvers<void>();
      plane.gate = gate.promise;
      let isAnswered = false;
      const answer = mutate({ kind: 'put-domain', name: 'b.test', document: graphTo('up') }).then(
        () => (isAnswered = true),
      );
      await plane.until(() => plane.domain('b.test') === 'up');
      await settled();
      expect(isAnswered).to.equal(false);
      gate.resolve();
      await answer;
    });

    it('is one batch, whatever it is made of', async () => {
      await mutate(
        { kind: 'put-domain', name: 'b.test', document: graphTo('u2') },
        { kind: 'put-upstream', name: 'u2', servers: { '10.0.0.2:80': '', '[::1]:80': 'backup=true' } },
        { kind: 'put-options', name: 'o', document: {} },
        { kind: 'delete-options', name: 'never' },
        { kind: 'delete-domain', name: 'a.test' },
        { kind: 'delete-domain', name: 'never.test' },
        { kind: 'delete-upstream', name: 'up' },
      );
      expect(plane.batches[1]?.map(({ name }) => name).toSorted()).to.deep.equal(['a.test', 'b.test', 'o', 'u2', 'up']);
      expect(plane.batches).to.have.length(2);
      expect(plane.sync.upstreams()).to.deep.equal({
        u2: [
          { addr: '10.0.0.2:80', name: '10.0.0.2:80', weight: 1, max_fails: 1, fail_timeout: 10 },
          { addr: '[::1]:80', name: '[::1]:80', weight: 1, max_fails: 1, fail_timeout: 10, backup: true },
        ],
      });
    });

    it('changes nothing if anything in it is wrong, and says all that is', async () => {
      const problems = await plane.mutate([
        { kind: 'put-domain', name: 'good.test', document: graphTo('up') },
        { kind: 'put-domain', name: 'b.test', document: { init: 'x', rules: { r: { type: 'nope', args: {} } } } },
        { kind: 'put-domain', name: 'http://c', document: graphTo('up') },
        { kind: 'put-upstream', name: 'u/p', servers: { 'a/b:80': '', 'h:80': 'weight=-1', 'i:80': 5 } },
        { kind: 'put-upstream', name: 'list', servers: [] },
        { kind: 'put-options', name: 'up', document: { balance: { algorithm: 'best' } } },
        { kind: 'put-options', name: 'u/p', document: {} },
        { kind: 'delete-domain', name: 'a.test' },
      ]);
      expect(problems.map(({ at }) => at)).to.have.members([
        '/b.test/init',
        '/b.test/rules/r/type',
        '/http:~1~1c',
        '/u~1p',
        '/u~1p',
        '/up/balance/algorithm',
        '/u~1p/a~1b:80',
        '/u~1p/h:80',
        '/u~1p/i:80',
        '/list',
      ]);
      expect(plane.batches).to.have.length(1);
      expect(plane.sync.status.overlays).to.equal(0);
    });

    it('replaces an upstream: what the store holds of it goes, and comes back when it is written again', async () => {
      await mutate({ kind: 'put-upstream', name: 'up', servers: { '10.0.0.9:80': '' } });
      expect(plane.upstream('up')).to.deep.equal(['10.0.0.9:80*1']);
      store.commit([{ key: 'upstreams/up/10.0.0.1:80', value: 'weight=3' }]);
      await plane.until(() => plane.batches.length === 3);
      expect(plane.upstream('up')).to.deep.equal(['10.0.0.1:80*3', '10.0.0.9:80*1']);
    });

    it('wins until the key is written or removed in the store afterwards', async () => {
      await mutate({ kind: 'put-domain', name: 'a.test', document: graphTo('mine') });
      store.commit([{ key: 'rules/other.test', value: graphText('x') }]);
      await plane.until(() => plane.domain('other.test') === 'x');
      expect(plane.domain('a.test')).to.equal('mine');
      store.commit([{ key: 'rules/a.test', value: graphText('theirs') }]);
      await plane.until(() => plane.domain('a.test') === 'theirs');
      await mutate({ kind: 'put-domain', name: 'a.test', document: graphTo('mine') });
      store.commit([{ key: 'rules/a.test', value: null }]);
      await plane.until(() => plane.domain('a.test') === null);
    });

    it('may leave an upstream without servers: it exists', async () => {
      await mutate({ kind: 'put-upstream', name: 'up', servers: {} });
      expect(plane.upstream('up')).to.deep.equal([]);
      expect(plane.sync.hasUpstream('up')).to.equal(true);
      expect(plane.sync.upstreams()).to.deep.equal({ up: [] });
      await plane.dump();
      expect(stored()).to.deep.equal({ 'rules/a.test': graphText('up'), 'upstreams/up/': '' });
      await mutate({ kind: 'put-upstream', name: 'up', servers: { '10.0.0.1:80': '' } });
      await plane.dump();
      expect(stored()).to.deep.equal({ 'rules/a.test': graphText('up'), 'upstreams/up/10.0.0.1:80': '' });
    });

    it('that says what the store says is no change', async () => {
      const revision = store.commit([{ key: 'upstreams/up/10.0.0.1:80', value: 'weight=2  fail_timeout=10' }]);
      await settled();
      expect(plane.sync.status.revision).to.equal(revision);
      await mutate({ kind: 'put-upstream', name: 'up', servers: { '10.0.0.1:80': 'fail_timeout=10s weight=2' } });
      expect(plane.sync.status.overlays).to.equal(0);
      await plane.dump();
      expect(stored()['upstreams/up/10.0.0.1:80']).to.equal('weight=2  fail_timeout=10');
    });
  });

  describe('a store that is away', () => {
    it('is said once; what is known is served, changes are made, and all is caught up with', async () => {
      await mutate({ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') });
      store.reachable = false;
      await plane.until(() => !plane.sync.status.connected);
      await mutate({ kind: 'put-domain', name: 'a.test', document: graphTo('mine') });
      store.commit([{ key: 'rules/b.test', value: graphText('theirs') }]);
      store.reachable = true;
      await plane.until(() => plane.domain('b.test') === 'theirs');
      expect([plane.domain('a.test'), plane.domain('mine.test')]).to.deep.equal(['mine', 'mine']);
      expect(plane.lines.filter(({ level }) => level === 40)).to.have.length(1);
      expect(plane.said('following the store')).to.have.length(2);
    });

    it('may have forgotten its history meanwhile', async () => {
      await mutate({ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') });
      store.reachable = false;
      await plane.until(() => !plane.sync.status.connected);
      store.commit([{ key: 'rules/a.test', value: null }]);
      store.compact(store.commit([{ key: 'rules/b.test', value: graphText('theirs') }]));
      store.reachable = true;
      await plane.until(() => plane.domain('b.test') === 'theirs');
      expect([plane.domain('a.test'), plane.domain('mine.test')]).to.deep.equal([null, 'mine']);
      expect(plane.upstream('up')).to.deep.equal(['10.0.0.1:80*2']);
    });

    it('is not an error at the start; a change made before it comes wins until its key is written', async () => {
      const late = new MemoryStore({
        'rules/a.test': graphText('theirs'),
        'upstreams/up/10.0.0.1:80': '',
        'upstreams/other/10.0.0.2:80': '',
      });
      late.reachable = false;
      const other = new ControlPlane(late);
      await other.sync.start();
      await other.until(() => other.lines.length === 1);
      expect(other.sync.ready).to.equal(false);
      await other.mutate([
        { kind: 'put-domain', name: 'a.test', document: graphTo('mine') },
        { kind: 'put-upstream', name: 'up', servers: { '10.0.0.9:80': '' } },
      ]);
      expect(other.domain('a.test')).to.equal('mine');
      expect([other.whole, other.sync.ready]).to.deep.equal([false, false]);
      const failed = await failure(other.dump());
      expect(failed).to.be.instanceOf(StoreError);
      late.reachable = true;
      await other.until(() => other.upstream('other') !== null);
      expect(other.whole).to.equal(true);
      expect(other.domain('a.test')).to.equal('mine');
      expect(other.upstream('up')).to.deep.equal(['10.0.0.9:80*1']);
      late.commit([{ key: 'rules/a.test', value: graphText('new') }]);
      await other.until(() => other.domain('a.test') === 'new');
      await other.sync.stop();
    });

    it('is no place to dump to, and memory is as before', async () => {
      await mutate({ kind: 'put-domain', name: 'b.test', document: graphTo('mine') });
      store.reachable = false;
      expect(await failure(plane.dump())).to.be.instanceOf(StoreError);
      expect(plane.sync.status.overlays).to.equal(1);
      expect(plane.domain('b.test')).to.equal('mine');
      store.reachable = true;
      await plane.dump();
      expect(stored()['rules/b.test']).to.equal(graphText('mine'));
      expect(plane.sync.status.overlays).to.equal(0);
    });
  });

  describe('a dump', () => {
    it('makes the store equal to memory, and says nothing to the workers', async () => {
      await mutate(
        { kind: 'put-domain', name: 'b.test', document: graphTo('up2') },
        { kind: 'put-upstream', name: 'up2', servers: { '10.0.0.2:80': 'backup weight=1' } },
        { kind: 'delete-domain', name: 'a.test' },
      );
      const batches = plane.batches.length;
      await plane.dump();
      const revision = store.commit([{ key: 'else/where', value: '' }]);
      await settled();
      expect(plane.sync.status.revision).to.equal(revision);
      expect(stored()).to.deep.equal({
        'else/where': '',
        'rules/b.test': graphText('up2'),
        'upstreams/up/10.0.0.1:80': 'weight=2',
        'upstreams/up2/10.0.0.2:80': 'backup',
      });
      expect(plane.batches).to.have.length(batches);
    });

    it('applies first what others wrote meanwhile', async () => {
      const { write } = store;
      // Somebody is faster, the first time.
      store.write = async (writes: readonly Write[]) => {
        store.write = write;
        store.commit([{ key: 'rules/a.test', value: graphText('theirs') }]);
        return write.call(store, writes);
      };
      await mutate(
        { kind: 'put-domain', name: 'a.test', document: graphTo('mine') },
        { kind: 'put-domain', name: 'b.test', document: graphTo('mine') },
      );
      await plane.dump();
      expect(stored()['rules/a.test']).to.equal(graphText('theirs'));
      expect(stored()['rules/b.test']).to.equal(graphText('mine'));
      expect(plane.domain('a.test')).to.equal('theirs');
    });

    it('gives up when the store never stands still', async () => {
      const { write } = store;
      let count = 0;
      store.write = async (writes: readonly Write[]) => {
        store.commit([{ key: `rules/a.test`, value: graphText(`theirs${count++}`) }]);
        await settled();
        await mutate({ kind: 'put-domain', name: 'a.test', document: graphTo(`mine${count}`) });
        return write.call(store, writes);
      };
      await mutate({ kind: 'put-domain', name: 'a.test', document: graphTo('mine') });
      expect(await failure(plane.dump())).to.be.instanceOf(StoreError);
      expect(count).to.be.below(20);
    });

    it('writes everything before it removes anything, in transactions of the size that the store takes', async () => {
      const servers = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`10.1.${i >> 8}.${i & 255}:80`, '']));
      await mutate({ kind: 'put-upstream', name: 'up', servers });
      const { write } = store;
      const sizes: number[] = [];
      store.write = async (writes: readonly Write[]) => {
        sizes.push(writes.length);
        const revision = await write.call(store, writes);
        const keys = Object.keys(stored()).filter((key) => key.startsWith('upstreams/up/'));
        if (!keys.includes('upstreams/up/10.0.0.1:80')) expect(keys).to.have.length(300);
        return revision;
      };
      await plane.dump();
      expect(sizes).to.deep.equal([128, 128, 45, 0]);
      expect(Object.keys(stored()).filter((key) => key.startsWith('upstreams/up/'))).to.have.length(300);
    });
  });

  describe('names of servers', () => {
    let scheduler: ManualScheduler;
    let answers: Record<string, Promise<readonly string[]>>;
    let named: ControlPlane;
    beforeEach(async () => {
      scheduler = new ManualScheduler();
      answers = { web: Promise.resolve(['10.0.0.2', '10.0.0.1']) };
      store = new MemoryStore({ 'upstreams/up/web:80': 'weight=2' });
      named = new ControlPlane(store, (host) => answers[host] ?? Promise.reject(new Error('ENOTFOUND')), scheduler);
      await named.sync.start();
      await scheduler.pass(0);
    });
    afterEach(() => named.sync.stop());

    it('are resolved before the first table, each address being a server', () => {
      expect(named.batches).to.have.length(1);
      expect(named.upstream('up')).to.deep.equal(['10.0.0.1:80*2', '10.0.0.2:80*2']);
      expect(named.sync.upstreams()['up']?.[0]?.addr).to.deep.equal(['10.0.0.1:80', '10.0.0.2:80']);
    });

    it('make a batch when their addresses change', async () => {
      answers['web'] = Promise.resolve(['10.0.0.3']);
      await scheduler.pass(10_000);
      expect(named.batches).to.have.length(2);
      expect(named.upstream('up')).to.deep.equal(['10.0.0.3:80*2']);
    });

    it('keep their addresses while they do not resolve, and that is said once', async () => {
      answers['web'] = Promise.reject(new Error('SERVFAIL'));
      answers['web'].catch(() => undefined);
      await scheduler.pass(30_000);
      expect(named.batches).to.have.length(1);
      expect(named.lines.filter(({ level }) => level === 40).map(({ reason }) => reason)).to.deep.equal(['SERVFAIL']);
    });

    it('are waited for by a change, for two seconds', async () => {
      const slow = Promise.withResolvers<readonly string[]>();
      answers['slow'] = slow.promise;
      let isAnswered = false;
      const change = named.mutate([{ kind: 'put-upstream', name: 'up', servers: { 'slow:80': '', 'web:81': '' } }]);
      const answer = change.then(() => (isAnswered = true));
      await scheduler.pass(1999);
      expect(isAnswered).to.equal(false);
      await scheduler.pass(1);
      await answer;
      expect(named.upstream('up')).to.deep.equal(['10.0.0.1:81*1', '10.0.0.2:81*1']);
      slow.resolve(['10.0.0.7']);
      await scheduler.pass(0);
      expect(named.upstream('up')).to.deep.equal(['10.0.0.7:80*1', '10.0.0.1:81*1', '10.0.0.2:81*1']);
    });
  });
});
