import { expect } from 'chai';
import { pino } from 'pino';
import type { TableChange } from '../../lib/change.ts';
import type { StartWorker } from '../../lib/cluster/link.ts';
import type { FirstImage } from '../../lib/cluster/messages.ts';
import { Primary } from '../../lib/cluster/primary.ts';
import { Worker, type Plane } from '../../lib/cluster/worker.ts';
import { Table } from '../../lib/table.ts';
import { until } from '../fixtures/until.ts';

const EXTENT = { inode: 1, bytes: 32, tail: 'ff' };
const IMAGE: FirstImage = { path: 'somewhere', ...EXTENT, prefix: '/ELB/', checker: 'test', listens: true };
const put = (name: string, document = '{}'): TableChange => ({ kind: 'domain', name, document });
const remove = (name: string): TableChange => ({ kind: 'domain', name, document: null });

/** A worker inside this process, whose plane writes down what it is told. */
class WatchedWorker {
  readonly table = new Table();
  readonly told: (readonly TableChange[])[] = [];
  isWhole = false;
  listens = 0;
  killed = false;

  readonly start: StartWorker = (events) => {
    const plane = {
      apply: (changes: readonly TableChange[], whole: boolean) => {
        this.told.push(changes);
        this.isWhole ||= whole;
        for (const change of changes) this.table.put(change);
      },
      listen: async () => {
        this.listens++;
      },
      learn: () => undefined,
      drain: async () => undefined,
      report: () => undefined,
    };
    const worker = new Worker(
      { send: (message) => setImmediate(() => events.onMessage(message)) },
      // Nothing else of it is used here.
      () => plane as unknown as Plane,
      () => events.onExit('drained'),
      () => this.readTable(),
    );
    return {
      pid: 1,
      listen: [],
      isTold: false,
      send: (message, written) => {
        setImmediate(() => {
          worker.handle(message);
          written?.();
        });
      },
      kill: () => {
        this.killed = true;
        setImmediate(() => events.onExit('killed'));
      },
    };
  };
  readonly readTable: () => readonly TableChange[] | null;

  constructor(readTable: () => readonly TableChange[] | null) {
    this.readTable = readTable;
  }
}

function primaryOf(workers: readonly WatchedWorker[], image: FirstImage | null, known: readonly TableChange[] | null) {
  const waiting = [...workers];
  return new Primary({
    workers: workers.length,
    first: 1,
    spares: 0,
    startWorker: (events) => waiting.shift()!.start(events),
    // None of it is used here.
    setup: { drainMs: 100 } as never,
    log: pino({ level: 'silent' }),
    image,
    imageTable: () => (known === null ? null : tableOf(known)),
  });
}

function tableOf(changes: readonly TableChange[]): Table {
  const table = new Table();
  for (const change of changes) table.put(change);
  return table;
}

describe('a worker that begins with an image', () => {
  const base = [put('a'), put('b'), put('c')];

  it('listens with its table before the primary has one, and is then told the difference only', async () => {
    const worker = new WatchedWorker(() => base);
    const primary = primaryOf([worker], IMAGE, base);
    await primary.start();
    expect([worker.isWhole, worker.listens, worker.table.whole()]).to.deep.equal([true, 1, base]);
    const served = primary.serve();
    await primary.apply([put('a'), put('b', '{"x":1}'), put('d')], true);
    await served;
    expect(worker.told.slice(1)).to.deep.equal([[remove('c'), put('b', '{"x":1}'), put('d')]]);
    expect(worker.listens).to.equal(1);
    await primary.apply([put('e')], true);
    expect(worker.told.at(-1)).to.deep.equal([put('e')]);
    await primary.drain();
  });

  it('keeps what operators change meanwhile, and loses what they take away', async () => {
    const worker = new WatchedWorker(() => base);
    const primary = primaryOf([worker], IMAGE, base);
    await primary.start();
    const served = primary.serve();
    await primary.apply([put('a', '{"x":1}'), remove('b')], false);
    expect(worker.table.whole()).to.have.deep.members([put('a', '{"x":1}'), put('c')]);
    await primary.apply([put('a', '{"x":1}'), put('c')], true);
    await served;
    expect(worker.table.whole()).to.have.deep.members([put('a', '{"x":1}'), put('c')]);
    await primary.drain();
  });

  it('is told everything where it could not read it', async () => {
    const worker = new WatchedWorker(() => null);
    const primary = primaryOf([worker], IMAGE, base);
    await primary.start();
    expect([worker.isWhole, worker.listens]).to.deep.equal([false, 0]);
    const served = primary.serve();
    await primary.apply(base, true);
    await served;
    expect([worker.isWhole, worker.listens, worker.told]).to.deep.equal([true, 1, [base]]);
    await primary.drain();
  });

  it('is followed by the others, which listen as well before the instance serves', async () => {
    const [one, two] = [new WatchedWorker(() => base), new WatchedWorker(() => base)];
    const primary = primaryOf([one, two], IMAGE, base);
    await primary.start();
    expect([one.listens, two.told.length]).to.deep.equal([1, 0]);
    const served = primary.serve();
    await primary.apply(base, true);
    await served;
    expect([two.listens, two.table.whole()]).to.deep.equal([1, base]);
    await primary.drain();
  });

  it('serves alone until the others may be started, though it has none', async () => {
    const [one, two] = [new WatchedWorker(() => null), new WatchedWorker(() => null)];
    const primary = primaryOf([one, two], null, null);
    const others = Promise.withResolvers<void>();
    await primary.start();
    let isServing = false;
    const served = primary.serve(others.promise).then(() => (isServing = true));
    await until('the first one listens', () => one.listens === 1);
    await primary.apply(base, true);
    await primary.apply([put('d')], false);
    expect([one.told, primary.members().length, isServing]).to.deep.equal([[base, [put('d')]], 1, false]);
    others.resolve();
    await served;
    expect([two.listens, two.isWhole, two.table.whole()]).to.deep.equal([1, true, [...base, put('d')]]);
    await primary.apply([put('e')], false);
    for (const { told } of [one, two]) expect(told.at(-1)).to.deep.equal([put('e')]);
    await primary.drain();
  });

  it('is ended where the primary could not read the same', async () => {
    const worker = new WatchedWorker(() => base);
    const primary = primaryOf([worker], IMAGE, null);
    await primary.start();
    const failed = primary.serve().catch((error: unknown) => error);
    void primary.apply([], true);
    await until('it is ended', () => worker.killed);
    expect(await failed).to.be.an('error');
  });
});
