import { setTimeout as delay } from 'node:timers/promises';
import { openIdleClients, openWebSockets, runWebSockets } from './clients.ts';
import type { OpenClients } from './clients.ts';
import { runPaced, runWrk } from './load.ts';
import type { Load, LoadResult } from './load.ts';
import type { Usage } from './measure.ts';
import type { Ability, TableSize } from './peer.ts';
import { PATHS } from './servers.ts';

/** A running peer, as what measures it sees it. */
export interface Target {
  readonly port: number;
  /** Port of a server behind it. */
  readonly serverPort: number;
  /** Where load generators put their files. */
  readonly directory: string;
  usage(): Usage;
}

/** Figures by name; those a work does not measure are absent. */
export type Figures = Partial<Record<FigureName, number>>;
export type FigureName =
  | 'cpuUs'
  | 'perSecond'
  | 'p50Us'
  | 'p99Us'
  | 'p999Us'
  | 'addedP50Us'
  | 'addedP99Us'
  | 'lateUs'
  | 'residentBytes'
  | 'clientBytes'
  | 'errors';

/** One kind of work that peers are compared at. */
export interface Work {
  readonly key: string;
  readonly title: string;
  /** What is counted: requests, or messages. */
  readonly unit: 'request' | 'message' | 'client';
  readonly table: TableSize;
  readonly servers: 'http' | 'echo';
  /** What a peer must be able to do to take part. */
  readonly needs: Ability | null;
  /** Whether each measurement needs a peer that has just been started: memory does not come back. */
  readonly fresh: boolean;
  measure(target: Target, seconds: number): Promise<Figures>;
}

/** Rows of most works. */
const plain = { table: 'small', servers: 'http', needs: null, fresh: false } as const;
const small = { path: PATHS.small, connections: 32 };

export const works: readonly Work[] = [
  httpWork('a', 'GET, reply of 130 bytes, 32 connections', small),
  httpWork('b', 'GET, reply of 130 bytes, 1,000 connections', { ...small, connections: 1000 }),
  httpWork('c', 'GET, reply of 16 KiB, 32 connections', { ...small, path: PATHS.medium }),
  httpWork('d', 'GET, reply of 1 MiB, 32 connections', { ...small, path: PATHS.large }),
  httpWork('e', 'POST of 10 KB, 32 connections', { ...small, bodyBytes: 10_000 }),
  httpWork('f', 'GET, a new connection for each request, 32 at a time', { ...small, close: true }),
  httpWork('g', 'as a, with 100,000 domains and 10,000 upstreams loaded', small, {
    table: 'large',
    needs: 'large table',
  }),
  httpWork('h', 'as a, with statsd, metrics and access log on (nginx: with its access log)', small, {
    needs: 'statistics',
  }),
  {
    key: 'i',
    title: '10,000 idle clients that have each had one reply',
    unit: 'client',
    ...plain,
    fresh: true,
    measure: measureIdle,
  },
  {
    key: 'j',
    title: 'WebSocket, 64-byte messages sent back, 64 connections; memory of 1,000 silent ones',
    unit: 'message',
    ...plain,
    servers: 'echo',
    needs: 'upgrade',
    fresh: true,
    measure: measureWebSocket,
  },
  { key: 'k', title: 'as a, at 70 % of the highest rate', unit: 'request', ...plain, measure: measureAdded },
];

const IDLE_CLIENTS = 10_000;
const WEB_SOCKETS = 1000;
/** Enough for the memory of what has just happened to settle. */
const SETTLE_MS = 2000;
/** More failures than this share of what was asked, and the figures are about something else. */
const BEARABLE_ERRORS = 0.001;
const SHARE_OF_HIGHEST_RATE = 0.7;

function httpWork(key: string, title: string, load: Load, differing: Partial<Work> = {}): Work {
  const measure = (target: Target, seconds: number): Promise<Figures> =>
    measureLoad(target, () => runWrk(load, target.port, seconds, target.directory));
  return { key, title, unit: 'request', ...plain, measure, ...differing };
}

async function measureLoad(target: Target, run: () => Promise<LoadResult>): Promise<Figures> {
  const before = target.usage();
  const { requests, seconds, errors, p50Us, p99Us, p999Us } = await run();
  const after = target.usage();
  if (errors > requests * BEARABLE_ERRORS) throw new Error(`${errors} failures in ${requests} replies`);
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / requests,
    perSecond: requests / seconds,
    p50Us,
    p99Us,
    p999Us,
    residentBytes: after.residentBytes,
    errors,
  };
}

/** Memory is compared with that of the same process after it has worked, so that warming up is not counted. */
async function measureIdle(target: Target, seconds: number): Promise<Figures> {
  await runWrk({ ...small, connections: 256 }, target.port, seconds, target.directory);
  return measureMemory(target, IDLE_CLIENTS, () => openIdleClients(target.port, IDLE_CLIENTS));
}

async function measureWebSocket(target: Target, seconds: number): Promise<Figures> {
  await runWebSockets(target.port, 64, seconds);
  const load = await measureLoad(target, () => runWebSockets(target.port, 64, seconds));
  const memory = await measureMemory(target, WEB_SOCKETS, () => openWebSockets(target.port, WEB_SOCKETS));
  return { ...load, ...memory, errors: (load.errors ?? 0) + (memory.errors ?? 0) };
}

async function measureMemory(target: Target, count: number, open: () => Promise<OpenClients>): Promise<Figures> {
  await delay(SETTLE_MS);
  const before = target.usage().residentBytes;
  const clients = await open();
  await delay(SETTLE_MS);
  const residentBytes = target.usage().residentBytes;
  const lost = count - clients.count;
  clients.close();
  return { clientBytes: (residentBytes - before) / count, residentBytes, errors: lost };
}

/** What the peer adds to the time that the same load takes when it goes straight to a server. */
async function measureAdded(target: Target, seconds: number): Promise<Figures> {
  const highest = await runWrk(small, target.port, seconds, target.directory);
  const rate = (highest.requests / highest.seconds) * SHARE_OF_HIGHEST_RATE;
  const load = { ...small, connections: 256 };
  const direct = await runPaced(load, target.serverPort, rate, seconds);
  const through = await runPaced(load, target.port, rate, seconds);
  return {
    perSecond: through.requests / through.seconds,
    p50Us: through.p50Us,
    p99Us: through.p99Us,
    p999Us: through.p999Us,
    addedP50Us: through.p50Us - direct.p50Us,
    addedP99Us: through.p99Us - direct.p99Us,
    lateUs: through.lateUs,
    errors: through.errors,
  };
}
