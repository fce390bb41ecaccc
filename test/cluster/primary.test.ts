import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { pino } from 'pino';
import type { TableChange } from '../../lib/change.ts';
import type { WorkerSetup } from '../../lib/cluster/messages.ts';
import { ownProcess } from '../../lib/cluster/own-process.ts';
import { Primary } from '../../lib/cluster/primary.ts';
import { sameProcess } from '../../lib/cluster/same-process.ts';
import { bindAll, releaseAll } from '../../lib/cluster/sockets.ts';
import type { BoundAddress } from '../../lib/cluster/sockets.ts';
import type { StartWorker } from '../../lib/cluster/link.ts';
import type { WorkerReport } from '../../lib/stats/report.ts';
import { until } from '../fixtures/until.ts';
import { TablePlane } from '../fixtures/table-plane.ts';

const program = fileURLToPath(new URL('../fixtures/table-worker.ts', import.meta.url));
const log = pino({ level: 'silent' });

describe('primary', () => {
  let bound: readonly BoundAddress[];
  let primary: Primary;
  let pids: number[];
  const reports = new Map<number, WorkerReport>();

  beforeEach(async () => {
    bound = await bindAll([{ kind: 'tcp', host: '127.0.0.1', port: 0 }]);
    pids = [];
    reports.clear();
  });

  afterEach(async () => {
    await primary.drain();
    releaseAll(bound);
  });

  async function start(workers: number, applyMs = 10_000): Promise<void> {
    const startForked = ownProcess({
      program,
      execArgv: [],
      sockets: () => bound,
      lifeline: null,
    });
    const startWorker: StartWorker = (events) => {
      const link = startForked(events);
      pids.push(link.pid);
      return link;
    };
    primary = new Primary({
      workers,
      spares: 1,
      startWorker,
      setup,
      log,
      applyMs,
      reports: {
        took: (worker, report) => reports.set(worker, report),
        tookPiece: () => undefined,
        gone: (worker) => reports.delete(worker),
      },
    });
    await primary.start();
    await primary.serve();
  }

  function stateOf(state: string): readonly number[] {
    return primary
      .members()
      .filter((worker) => worker.state === state)
      .map(({ pid }) => pid);
  }

  it('starts all workers, which listen before there is a table', async () => {
    await start(2);
    const views = await viewsOfAll(bound, 2);
    expect(views.map(({ whole }) => whole)).to.deep.equal([false, false]);
  });

  it('has applied a change everywhere when apply resolves', async () => {
    await start(2);
    for (let i = 0; i < 20; i++) {
      await primary.apply([put(`d${String(i)}`)], true);
      const { names } = await view(bound);
      expect(names).to.have.length(i + 1);
    }
    const views = await viewsOfAll(bound, 2);
    expect(views.map(({ names, whole }) => [names.length, whole])).to.deep.equal([
      [20, true],
      [20, true],
    ]);
  });

  it('replaces a killed worker, with the whole table before its first connection; nobody in the queue notices', async () => {
    await start(1);
    await primary.apply([put('a'), put('b'), { kind: 'bad-domain', name: 'b', fault: -93 }, put('c')], true);
    await primary.apply([remove('c'), { kind: 'upstream', name: 'a', servers: [] }], true);
    for (let i = 0; i < 3; i++) {
      const before = await view(bound);
      process.kill(before.pid, 'SIGKILL');
      const after = await viewOfOther(bound, before.pid);
      expect(after.names).to.deep.equal(['a', 'b']);
      expect(after.whole).to.equal(true);
    }
  });

  it('drafts the first table: nothing of it is in force before it is told, and then exactly that is', async () => {
    await start(2);
    primary.draft.add([put('a'), put('b'), put('gone')]);
    primary.draft.add([put('b', '[1]'), { kind: 'upstream', name: 'up', servers: [] }]);
    expect((await view(bound)).names).to.deep.equal([]);
    // What an operator changes meanwhile is in force at once, and alone.
    await primary.apply([put('own')], false);
    const [serving = 0] = stateOf('serving');
    process.kill(serving, 'SIGKILL');
    await until('another one serves', () => stateOf('serving').length === 2 && !stateOf('serving').includes(serving));
    primary.draft.add([put('c')]);
    for (const { names, whole } of await viewsOfAll(bound, 2)) expect([names, whole]).to.deep.equal([['own'], false]);

    await primary.apply(
      [put('a'), put('b', '[1]'), put('c', '[]'), { kind: 'upstream', name: 'up', servers: [] }],
      true,
    );
    for (const { names } of await viewsOfAll(bound, 2)) expect(names).to.deep.equal(['a', 'b', 'c', 'own', 'up']);
    // A draft of what is known is none.
    primary.draft.add([put('late')]);
    await primary.apply([remove('own')], true);
    for (const { names } of await viewsOfAll(bound, 2)) expect(names).to.deep.equal(['a', 'b', 'c', 'up']);
  });

  it('has one more worker standing by, which takes the place of a killed one', async () => {
    await start(1);
    await primary.apply([put('a')], true);
    for (let i = 0; i < 3; i++) {
      await until('a spare stands by', () => stateOf('standby').length === 1);
      const [spare] = stateOf('standby');
      const [serving = 0] = stateOf('serving');
      process.kill(serving, 'SIGKILL');
      expect(await viewOfOther(bound, serving)).to.include({ pid: spare });
    }
    expect(primary.ends.count).to.equal(3);
    expect(primary.ends.last).to.include({ reason: 'SIGKILL' });
  });

  it('tells one that stands by several changes at once, and all before it takes a place', async () => {
    await start(1);
    await primary.apply([put('a')], true);
    await until('a spare stands by', () => stateOf('standby').length === 1);
    const names = Array.from({ length: 20 }, (_, i) => `b${i}`);
    const begun = performance.now();
    const revisions = new Set<number>();
    for (const [i, name] of names.entries()) {
      await primary.apply([put(name)], true, i + 1);
      for (const { state, behind, revision } of primary.members()) {
        if (state === 'serving') expect([behind, revision]).to.deep.equal([0, i + 1]);
        else revisions.add(revision);
      }
    }
    // It is told once a second, however long the twenty took.
    expect(revisions.size).to.be.at.most(2 + (performance.now() - begun) / 1000);
    const [serving = 0] = stateOf('serving');
    process.kill(serving, 'SIGKILL');
    expect((await viewOfOther(bound, serving)).names).to.have.members(['a', ...names]);
  });

  it('brings one that stands by up to date by itself', async () => {
    await start(1);
    await primary.apply([put('a')], true, 1);
    await until('a spare stands by', () => stateOf('standby').length === 1);
    await primary.apply([put('b')], true, 2);
    await until('it has the change', () => primary.members().every((worker) => worker.revision === 2));
  });

  it('is prepared before anybody listens', async () => {
    const startWorker = ownProcess({
      program,
      execArgv: [],
      sockets: () => bound,
      lifeline: null,
    });
    primary = new Primary({
      workers: 2,
      spares: 1,
      startWorker,
      setup,
      log,
    });
    await primary.start();
    expect(stateOf('standby')).to.have.length(2);
    expect(await view(bound).catch((error: NodeJS.ErrnoException) => error.code)).to.equal('ECONNREFUSED');
    await primary.serve();
    expect([stateOf('standby').length, stateOf('serving').length]).to.deep.equal([0, 2]);
    // The third one is not to be in the way of the first table.
    expect(primary.members()).to.have.length(2);
    await primary.apply([put('a')], true);
    await until('a third one stands by', () => stateOf('standby').length === 1);
  });

  it('starts nobody while it drains, whatever it is still told', async () => {
    await start(2);
    const applied = primary.apply([put('a')], true);
    const drained = primary.drain();
    await applied;
    expect(primary.members().filter(({ state }) => state !== 'draining')).to.deep.equal([]);
    await drained;
    expect(primary.members()).to.deep.equal([]);
  });

  it('neither loses nor doubles changes while workers start', async () => {
    const starting = start(2);
    const applied: Promise<void>[] = [];
    for (let i = 0; i < 200; i++) {
      applied.push(primary.apply([put(`d${String(i)}`)], true));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await starting;
    await Promise.all(applied);
    await primary.apply([put('last')], true);
    for (const { names, applied: count } of await viewsOfAll(bound, 2)) {
      expect(names).to.have.length(201);
      expect(count).to.equal(201);
    }
  });

  it('sends a large batch in slices, which are applied together, and whatever comes meanwhile behind them', async () => {
    const large = Array.from({ length: 3000 }, (_, i) => put(`large${String(i)}`, 'x'.repeat(1000)));
    await start(2);
    const applied = [primary.apply(large, true), primary.apply([put('behind')], true)];
    const sizes = new Set<number>();
    const asked = (async () => {
      while (!sizes.has(3001)) for (const { names } of await viewsOfAll(bound, 2)) sizes.add(names.length);
    })();
    await Promise.all(applied);
    await asked;
    expect([...sizes].filter((size) => size > 0 && size < 3000)).to.deep.equal([]);
    const before = await view(bound);
    process.kill(before.pid, 'SIGKILL');
    expect((await viewOfOther(bound, before.pid)).names).to.have.length(3001);
    for (const { names } of await viewsOfAll(bound, 2)) expect(names).to.have.length(3001);
  });

  it('does not wait for a worker that dies of a change, and replaces it', async () => {
    await start(2);
    await primary.apply([put('a')], true);
    await primary.apply([put('crash')], true);
    for (const { names } of await viewsOfAll(bound, 2)) expect(names).to.deep.equal(['a', 'crash']);
  });

  it('kills a worker that does not apply in time, and replaces it', async () => {
    await start(2, 200);
    await primary.apply([put('a')], true);
    const [first, second] = [...pids];
    await primary.apply([put('hang')], true);
    const views = await viewsOfAll(bound, 2);
    for (const { names, pid } of views) {
      expect(names).to.deep.equal(['a', 'hang']);
      expect([first, second]).not.to.include(pid);
    }
  });

  it('says why it cannot start', async () => {
    const fd = openSync('/dev/null', 'r');
    const startWorker = ownProcess({
      program,
      execArgv: [],
      sockets: () => bound.map(({ address }) => ({ address, fd })),
      lifeline: null,
    });
    primary = new Primary({
      workers: 1,
      spares: 0,
      startWorker,
      setup,
      log,
    });
    await primary.start();
    const error: unknown = await primary.serve().catch((reason: unknown) => reason);
    closeSync(fd);
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/listen|EINVAL|ENOTSOCK/);
  });

  it('says when a worker cannot even begin', async () => {
    const startWorker = ownProcess({ program: '/dev/null', execArgv: [], sockets: () => [], lifeline: null });
    primary = new Primary({ workers: 1, spares: 0, startWorker, setup, log });
    const error: unknown = await primary.start().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).with.property('message', 'a worker ended at its start: code 0');
  });

  it('gathers a report of every worker, and tells when one is gone', async () => {
    await start(2);
    await primary.apply([put('a'), put('b')], true);
    await primary.askReports();
    expect([...reports.values()].map(({ usage }) => usage.pid).toSorted()).to.deep.equal(stateOf('serving').toSorted());
    expect([...reports.values()].map(({ clients }) => clients)).to.deep.equal([2, 2]);
    const [first, second] = [...reports.keys()];
    process.kill(reports.get(first ?? 0)?.usage.pid ?? 0, 'SIGKILL');
    // The answer of a worker that dies is not waited for.
    await primary.askReports();
    while (reports.has(first ?? 0)) await primary.askReports();
    expect(reports.has(second ?? 0)).to.equal(true);
  });

  it('drains: workers end by themselves and the address is free', async () => {
    await start(2);
    await primary.drain();
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('is the same inside one process', async () => {
    const addresses = bound.map(({ address }) => address);
    const startWorker = sameProcess(
      ({ listen }) => new TablePlane(listen.map((address, i) => ({ address, handle: bound[i]!.handle }))),
      () => addresses,
    );
    primary = new Primary({ workers: 1, spares: 0, startWorker, setup, log });
    await primary.start();
    await primary.serve();
    await primary.apply([put('a'), put('b')], true);
    await primary.apply([remove('a')], true);
    expect(await viewAt(addresses[0])).to.deep.include({ pid: process.pid, names: ['b'], whole: true });
  });
});

describe('sockets', () => {
  it('names the address that is in use', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    const error: unknown = await bindAll([
      { kind: 'tcp', host: '127.0.0.1', port: 0 },
      { kind: 'tcp', host: '127.0.0.1', port },
    ]).catch((reason: unknown) => reason);
    server.close();
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message', `cannot listen on 127.0.0.1:${String(port)}: the address is in use`);
  });
});

const setup: WorkerSetup = {
  name: 'ELB',
  workers: 1,
  limits: {
    maxHeadBytes: 65_536,
    maxFields: 128,
    maxBodyBytes: 0,
    maxReplayBytes: 0,
    headMs: 1,
    bodyIdleMs: 1,
    sendMs: 1,
    halfCloseMs: 1,
    maxConnections: 0,
    maxClientConnections: 0,
    maxStreams: 128,
    maxWaitMs: 500,
    connectMs: 1,
    readMs: 1,
    keepAliveMs: 1,
    serverKeepAliveMs: 1,
    tunnelIdleMs: 1,
  },
  drainMs: 5000,
  trustedProxies: [],
  redis: null,
  serverCa: null,
  metrics: false,
  accessLog: null,
  recentRequests: 0,
  requestId: false,
  ownSlice: 'off',
  tracing: null,
  tls: { minVersion: 'TLSv1.2', ciphers: null, defaultCertificate: null },
  statsd: null,
  logLevel: 'silent',
  adminSocket: '',
};

interface View {
  readonly pid: number;
  readonly names: readonly string[];
  readonly whole: boolean;
  readonly applied: number;
}

function put(name: string, document = '{}'): TableChange {
  return { kind: 'domain', name, document };
}

function remove(name: string): TableChange {
  return { kind: 'domain', name, document: null };
}

function view(bound: readonly BoundAddress[]): Promise<View> {
  return viewAt(bound[0]?.address);
}

function viewAt(address: BoundAddress['address'] | undefined): Promise<View> {
  if (address?.kind !== 'tcp') throw new Error('no TCP address');
  return new Promise((resolve, reject) => {
    const socket = net.connect(address.port, address.host);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (text += part));
    socket.on('end', () => resolve(JSON.parse(text) as View));
    socket.on('error', reject);
  });
}

/** A view of each of `count` workers: connections spread by themselves, so it asks until all have answered. */
async function viewsOfAll(bound: readonly BoundAddress[], count: number): Promise<readonly View[]> {
  const views = new Map<number, View>();
  await until('every worker has answered', async () => {
    for (const one of await Promise.all(Array.from({ length: 8 }, () => view(bound)))) views.set(one.pid, one);
    return views.size >= count;
  });
  return [...views.values()];
}

/** The first view that is not from `pid`: a killed process may still take a connection, and then resets it. */
async function viewOfOther(bound: readonly BoundAddress[], pid: number): Promise<View> {
  const others: View[] = [];
  await until('another worker answers', async () => {
    const one = await view(bound).catch(() => null);
    if (one !== null && one.pid !== pid) others.push(one);
    return others.length > 0;
  });
  return others[0]!;
}
