import { monotonicMs } from '../core/clock.ts';
import type { KeptRequest, KeptRequests, RequestFilter } from '../core/kept-request.ts';
import { KeptRing } from './kept-ring.ts';
import { Outbox } from './outbox.ts';
import type { RequestRecord } from './request-record.ts';

/** One request of many, for whoever counts what is asked for and by whom. Plain data. */
export interface SampledRequest {
  /** How many requests it stands for. */
  readonly weight: number;
  readonly domain: string;
  /** Without its query. */
  readonly path: string;
  readonly client: string;
  readonly status: number;
  readonly durationMs: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/**
 * What a worker remembers of single requests: the last ones, those that ended badly in a ring of their own, which they leave later,
 * and the slowest of the last quarter of an hour.
 *
 * Where there are many requests, every n-th is kept, a hundred or so a second; that is also the sample from which the most wanted
 * paths and the busiest clients are counted. So what is remembered costs next to nothing, and goes back seconds, not moments.
 */
export class RecentRequests {
  readonly #last: KeptRing;
  readonly #bad: KeptRing;
  readonly samples = new Outbox<SampledRequest>();
  #slowest: KeptRequest[] = [];
  /** Shorter ones are not among the slowest. */
  #slowMs = 0;
  /** Each how many requests one is kept, and how many are left until then. */
  #every = 1;
  #left = 1;
  /** Requests since one was kept. */
  #passed = 0;
  /** Requests, and bad ones that were kept, since the rate was looked at last. */
  #seen = 0;
  #badKept = 0;
  #lookedMs = monotonicMs();

  constructor(size: number) {
    this.#last = new KeptRing(size);
    this.#bad = new KeptRing(size);
  }

  /** A request has ended. */
  keep(record: RequestRecord): void {
    this.#seen++;
    this.#passed++;
    this.#left--;
    const isBad = record.fault !== 0 || record.status >= 400;
    if (this.#left > 0 && !isBad && record.durationMs <= this.#slowMs) return;
    this.#look();
    if (isBad && this.#badKept < MOST_A_SECOND) {
      this.#badKept++;
      this.#bad.keep(record);
    }
    if (record.durationMs > this.#slowMs && record.status !== SWITCHING_PROTOCOLS) this.#keepSlow(record);
    if (this.#left > 0) return;
    this.#left = this.#every;
    if (!isBad) this.#last.keep(record);
    if (this.samples.size < MOST_SAMPLES) this.samples.add(sampleOf(record, this.#passed));
    this.#passed = 0;
  }

  /** Those that fit, the newest first, or the slowest first. */
  find(filter: RequestFilter): KeptRequests {
    const requests: KeptRequest[] = [];
    const perWorker = this.#last.size;
    if (filter.slowest) {
      this.#forgetSlow();
      requests.push(...this.#slowest.filter((request) => fits(request, filter)));
      return { requests: requests.slice(0, filter.limit), perWorker };
    }
    for (const ring of [this.#last, this.#bad]) {
      let found = 0;
      for (const request of ring.newestFirst()) {
        if (!fits(request, filter)) continue;
        requests.push(request);
        if (++found >= filter.limit) break;
      }
    }
    return { requests: requests.toSorted((a, b) => b.at - a.at).slice(0, filter.limit), perWorker };
  }

  /** Once a second: how many of the requests are to be kept. */
  #look(): void {
    const now = monotonicMs();
    const ms = now - this.#lookedMs;
    if (ms < LOOK_MS && this.#seen < MOST_A_SECOND * this.#every) return;
    this.#every = Math.max(1, Math.ceil((this.#seen * 1000) / Math.max(ms, 1) / KEPT_A_SECOND));
    this.#seen = 0;
    if (ms < LOOK_MS) return;
    this.#lookedMs = now;
    this.#badKept = 0;
  }

  #keepSlow(record: RequestRecord): void {
    const ring = new KeptRing(1);
    ring.keep(record);
    this.#forgetSlow();
    this.#slowest.push(...ring.newestFirst());
    this.#slowest.sort((a, b) => b.duration_ms - a.duration_ms);
    this.#slowest.length = Math.min(this.#slowest.length, MOST_SLOW);
    this.#slowMs = this.#slowest.length < MOST_SLOW ? 0 : (this.#slowest.at(-1)?.duration_ms ?? 0);
  }

  #forgetSlow(): void {
    const since = Date.now() - SLOW_MS;
    this.#slowest = this.#slowest.filter(({ at }) => at >= since);
    if (this.#slowest.length < MOST_SLOW) this.#slowMs = 0;
  }
}

/** The newest of all. */
export const EVERY_REQUEST: RequestFilter = {
  domain: null,
  status: null,
  id: null,
  path: null,
  client: null,
  upstream: null,
  server: null,
  node: null,
  minMs: null,
  errors: false,
  slowest: false,
  limit: 100,
};

function sampleOf(record: RequestRecord, weight: number): SampledRequest {
  const { domain, target, client, status, durationMs, receivedBytes, sentBytes } = record;
  const end = target.indexOf('?');
  const path = target.slice(0, Math.min(end === -1 ? target.length : end, MOST_PATH));
  // Copies: a part of a text holds on to the whole.
  return { weight, domain, path: copied(path), client: copied(client), status, durationMs, receivedBytes, sentBytes };
}

function copied(text: string): string {
  return Buffer.from(text, 'latin1').latin1Slice();
}

function fits(request: KeptRequest, filter: RequestFilter): boolean {
  const { domain, status, id, path, client, upstream, server, node, minMs, errors } = filter;
  return (
    (domain === null || request.domain === domain) &&
    (status === null || (request.status >= status.from && request.status <= status.to)) &&
    (id === null || request.id === id) &&
    (path === null || request.target.startsWith(path)) &&
    (client === null || request.client === client) &&
    (upstream === null || request.upstream === upstream) &&
    (server === null || request.tries.some((one) => one.server === server)) &&
    (node === null || request.nodes.some((one) => one.node === node)) &&
    (minMs === null || request.duration_ms >= minMs) &&
    (!errors || request.ending !== 'ok' || request.status >= 400)
  );
}

const KEPT_A_SECOND = 100;
/** Where nothing was known of the rate: so many at most before it is looked at. */
const MOST_A_SECOND = 500;
const LOOK_MS = 1000;
/** Between two reports. */
const MOST_SAMPLES = 2000;
const MOST_PATH = 1024;
const MOST_SLOW = 20;
const SLOW_MS = 15 * 60_000;
const SWITCHING_PROTOCOLS = 101;
