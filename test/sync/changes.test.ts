import { expect } from 'chai';
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { pino } from 'pino';
import type { ChangeTerms, Mutation, Outcome } from '../../lib/control.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { History } from '../../lib/sync/history.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { failure } from '../fixtures/failure.ts';
import { ManualScheduler } from '../fixtures/manual-scheduler.ts';

const TERMS: ChangeTerms = {
  call: 'PUT domain',
  by: { address: '127.0.0.1', token: 'ann' },
  ifMatch: null,
  mode: 'memory',
};
const TO_STORE: ChangeTerms = { ...TERMS, mode: 'store' };

describe('changes on terms', () => {
  async function started(entries: Readonly<Record<string, string>> = {}, max = 100) {
    const store = new MemoryStore(entries);
    const scheduler = new ManualScheduler();
    const log = pino({ level: 'silent' });
    const history = new History({ store, own: store.own, scheduler, random: Math.random, log, max });
    const plane = new ControlPlane(store, undefined, undefined, null, history);
    await plane.sync.start();
    await plane.until(() => plane.whole);
    const { changes } = plane.sync;
    const put = (name: string, upstream: string, terms: Partial<ChangeTerms> = {}): Promise<Outcome> => {
      const mutation: Mutation = { kind: 'put-domain', name, document: graphTo(upstream) };
      return changes.make([mutation], { ...TERMS, ...terms }, 'domain');
    };
    return { store, plane, changes, put };
  }

  /** The documents of a store, without its revisions. */
  function documents(store: MemoryStore): Readonly<Record<string, string>> {
    return Object.fromEntries(store.entries());
  }

  describe('a dry run', () => {
    it('tells what would change and changes nothing', async () => {
      const { store, plane, put } = await started({ 'rules/a.test': graphText('u') });
      const outcome = await put('a.test', 'v', { mode: 'dry-run' });
      expect(outcome).to.deep.include({
        kind: 'done',
        changes: [
          {
            kind: 'domain',
            name: 'a.test',
            change: 'changed',
            differences: [{ at: '/rules/r/args/servername', before: 'u:80', after: 'v:80' }],
          },
        ],
      });
      expect(plane.domain('a.test')).to.equal('u');
      expect(plane.sync.status.overlays).to.equal(0);
      expect(documents(store)).to.deep.equal({ 'rules/a.test': graphText('u') });
      await plane.sync.stop();
    });

    it('tells all problems beside what else would change', async () => {
      const { plane, changes } = await started();
      const outcome = await changes.make(
        [
          { kind: 'put-domain', name: 'a.test', document: graphTo('u') },
          { kind: 'put-domain', name: 'b.test', document: { init: 'x', rules: {} } },
        ],
        { ...TERMS, mode: 'dry-run' },
        'domain',
      );
      expect(outcome.kind === 'refused' && outcome.problems.map(({ at }) => at)).to.include('/b.test/init');
      expect(outcome.kind === 'refused' && outcome.changes.map(({ name }) => name)).to.deep.equal(['a.test', 'b.test']);
      await plane.sync.stop();
    });

    it('of a dump tells what would be written', async () => {
      const { plane, changes, put } = await started();
      await put('a.test', 'u');
      const outcome = await changes.dump({ ...TERMS, mode: 'dry-run' });
      expect(outcome.kind === 'done' && outcome.changes.map(({ name, change }) => `${change} ${name}`)).to.deep.equal([
        'added a.test',
      ]);
      expect(plane.sync.status.overlays).to.equal(1);
      await plane.sync.stop();
    });
  });

  describe('If-Match', () => {
    it('lets one of two go ahead, and tells the other what is there', async () => {
      const { plane, changes, put } = await started();
      const tag = changes.tag('domain');
      const [first, second] = await Promise.all([
        put('a.test', 'u', { ifMatch: [tag] }),
        put('a.test', 'v', { ifMatch: [tag] }),
      ]);
      expect([first.kind, second.kind].toSorted()).to.deep.equal(['conflict', 'done']);
      const lost = first.kind === 'conflict' ? first : second;
      expect(lost).to.include({ kind: 'conflict', tag: changes.tag('domain') });
      await plane.sync.stop();
    });

    it('lets one of two instances go ahead that write to the same store', async () => {
      const { store, plane, put } = await started();
      const other = new ControlPlane(store);
      await other.sync.start();
      await other.until(() => other.whole);
      const ifMatch = [plane.sync.changes.tag('domain')];
      expect(other.sync.changes.tag('domain')).to.equal(ifMatch[0]);
      const theirs = other.sync.changes.make(
        [{ kind: 'put-domain', name: 'a.test', document: graphTo('v') }],
        { ...TO_STORE, ifMatch },
        'domain',
      );
      const outcomes = await Promise.all([put('a.test', 'u', { mode: 'store', ifMatch }), theirs]);
      expect(outcomes.map(({ kind }) => kind).toSorted()).to.deep.equal(['conflict', 'done']);
      const winner = outcomes[0].kind === 'done' ? 'u' : 'v';
      expect(documents(store)).to.deep.equal({ 'rules/a.test': graphText(winner) });
      await plane.sync.stop();
      await other.sync.stop();
    });

    it('takes a tag for what it stands for: other kinds, order and former values do not matter', async () => {
      const { plane, changes, put } = await started();
      const empty = changes.tag('domain');
      await put('a.test', 'u');
      await put('b.test', 'u');
      const both = changes.tag('domain');
      await changes.make([{ kind: 'put-upstream', name: 'u', servers: { '10.0.0.1:80': '' } }], TERMS, 'upstream');
      expect(changes.tag('domain')).to.equal(both);
      await changes.make([{ kind: 'delete-domain', name: 'a.test' }], TERMS, 'domain');
      expect(changes.tag('domain')).to.not.equal(both);
      await put('a.test', 'u');
      expect(changes.tag('domain')).to.equal(both);
      await changes.dump(TERMS);
      expect(changes.tag('domain')).to.equal(both);
      expect(both).to.not.equal(empty);
      await plane.sync.stop();
    });

    it('takes a revision for what the store held then', async () => {
      const { store, plane, changes, put } = await started({ 'rules/a.test': graphText('u') });
      const { revision } = plane.sync.status;
      const ifMatch = [String(revision)];
      expect((await put('a.test', 'v', { mode: 'store', ifMatch })).kind).to.equal('done');
      expect((await put('a.test', 'w', { mode: 'store', ifMatch })).kind).to.equal('conflict');
      const now = plane.sync.status.revision;
      store.commit([{ key: 'rules/b.test', value: graphText('u') }]);
      await plane.until(() => plane.domain('b.test') === 'u');
      expect((await put('a.test', 'w', { ifMatch: [String(now)] })).kind).to.equal('conflict');
      await put('c.test', 'u');
      const unwritten = await put('a.test', 'w', { ifMatch: [String(plane.sync.status.revision)] });
      expect(unwritten.kind, 'a change that is not dumped has no revision').to.equal('conflict');
      expect((await changes.dump({ ...TERMS, ifMatch })).kind).to.equal('conflict');
      await plane.sync.stop();
    });
  });

  describe('a change that goes to the store', () => {
    it('is in the store, in memory and in the history at one revision', async () => {
      const { store, plane, changes, put } = await started();
      const outcome = await put('a.test', 'u', { mode: 'store' });
      expect(plane.domain('a.test')).to.equal('u');
      expect(documents(store)).to.deep.equal({ 'rules/a.test': graphText('u') });
      expect(plane.sync.status.overlays).to.equal(0);
      const [entry] = await changes.records();
      expect(entry).to.deep.include({
        call: 'PUT domain',
        by: { address: '127.0.0.1', token: 'ann' },
        keys: 1,
        kept: true,
        items: [{ kind: 'domain', name: 'a.test', change: 'added' }],
      });
      expect(outcome).to.include({ kind: 'done', revision: entry?.revision });
      await plane.sync.stop();
    });

    it('leaves what else is not dumped as it is, and ends what was changed here of the same', async () => {
      const { store, plane, changes, put } = await started();
      await put('a.test', 'here');
      await put('b.test', 'here');
      await put('a.test', 'u', { mode: 'store' });
      expect(plane.domain('a.test')).to.equal('u');
      expect([...plane.sync.overlaid().keys()]).to.deep.equal(['rules/b.test']);
      // An older change does not come back with a dump.
      await changes.dump(TERMS);
      expect(documents(store)).to.deep.equal({ 'rules/a.test': graphText('u'), 'rules/b.test': graphText('here') });
      await plane.sync.stop();
    });

    it('changes nothing while the store is away', async () => {
      const { store, plane, put } = await started();
      store.reachable = false;
      expect(await failure(put('a.test', 'u', { mode: 'store' }))).to.have.property('name', 'StoreError');
      expect(plane.domain('a.test')).to.equal(null);
      expect(plane.sync.status.overlays).to.equal(0);
      await plane.sync.stop();
    });
  });

  describe('the history', () => {
    const names = ['a.test', 'b.test', 'c.test'];

    it('leads back to exactly what the store held, from any point to any other', async () => {
      const step = record({
        name: constantFrom(...names),
        upstream: constantFrom('u', 'v', null),
        dump: integer({ min: 0, max: 2 }),
      });
      await assert(
        asyncProperty(array(step, { minLength: 1, maxLength: 8 }), integer({ min: 0, max: 7 }), async (steps, pick) => {
          const { store, plane, changes } = await started({ 'rules/a.test': graphText('u') });
          /** What the store held after each transaction. */
          const states = new Map<string, Readonly<Record<string, string>>>();
          for (const { name, upstream, dump } of steps) {
            const mutation: Mutation =
              upstream === null
                ? { kind: 'delete-domain', name }
                : { kind: 'put-domain', name, document: graphTo(upstream) };
            await changes.make([mutation], dump === 0 ? TO_STORE : TERMS, 'domain');
            if (dump === 1) await changes.dump(TERMS);
            const [newest] = await changes.records();
            if (newest !== undefined) states.set(newest.id, documents(store));
          }
          await changes.dump(TERMS);
          const records = await changes.records();
          const point = records[pick % Math.max(1, records.length)];
          const held = point === undefined ? undefined : states.get(point.id);
          if (point !== undefined && held !== undefined) {
            const latest = documents(store);
            await changes.rollback(point.id, false, TERMS);
            expect(documents(store)).to.deep.equal(held);
            expect(plane.sync.status.overlays).to.equal(0);
            for (const name of names) {
              const text = held[`rules/${name}`];
              expect(plane.domain(name)).to.equal(text === undefined ? null : text === graphText('u') ? 'u' : 'v');
            }
            // What was undone can be had back.
            const [undo] = await changes.records();
            if (undo !== undefined && undo.id !== records[0]?.id) {
              await changes.rollback(undo.id, true, TERMS);
              expect(documents(store)).to.deep.equal(latest);
            }
          }
          await plane.sync.stop();
        }),
        { numRuns: 60 },
      );
    });

    it('keeps the last records, also where one takes many keys', async () => {
      const { store, plane, changes, put } = await started({}, 5);
      for (let i = 0; i < 40; i++) await put('a.test', `u${String(i)}`.padEnd(20_000, 'x'), { mode: 'store' });
      const records = await changes.records();
      // Tidied every so many transactions.
      expect(records.length).to.be.within(5, 5 + 17);
      const oldest = records.at(-1);
      const parts = await store.own.list('~history-part/');
      expect(new Set(parts.map(({ key }) => key.split('/')[1])).size).to.equal(records.length);
      const outcome = await changes.rollback(oldest?.id ?? '', false, TERMS);
      expect(outcome?.kind).to.equal('done');
      expect(plane.domain('a.test')).to.equal(`u${String(40 - records.length)}`.padEnd(20_000, 'x'));
      expect(await changes.rollback('nope', false, TERMS)).to.equal(null);
      await plane.sync.stop();
    });

    it('refuses to bring back what is no longer good', async () => {
      const { store, plane, changes, put } = await started({ 'rules/a.test': '{"init": 1}' });
      await put('a.test', 'u', { mode: 'store' });
      const [entry] = await changes.records();
      const outcome = await changes.rollback(entry?.id ?? '', true, TERMS);
      expect(outcome?.kind === 'refused' && outcome.problems.map(({ at }) => at)).to.include('/a.test/init');
      expect(documents(store)).to.deep.equal({ 'rules/a.test': graphText('u') });
      await plane.sync.stop();
    });

    it('has no record of a transaction that was not made', async () => {
      const { store, plane, changes, put } = await started({ 'rules/a.test': graphText('u') });
      store.commit([{ key: 'rules/a.test', value: graphText('theirs') }]);
      // Not heard of yet: the first try fails.
      await put('a.test', 'x'.repeat(20_000), { mode: 'store' });
      expect(await changes.records()).to.have.length(1);
      expect(await store.own.list('~history-part/')).to.have.length(1);
      const recorded = await changes.recorded((await changes.records())[0]?.id ?? '');
      expect(recorded?.[0]?.differences[0]).to.include({ before: 'theirs:80' });
      await plane.sync.stop();
    });
  });
});
