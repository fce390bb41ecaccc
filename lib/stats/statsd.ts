import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { StatsD } from 'hot-shots';
import type { Logger } from 'pino';
import { Meter, statKey } from './meter.ts';

/**
 * Sends a worker's counts to a statsd daemon, a few times a second: counters summed, times one line each, as many lines to a
 * datagram as fit. For the host `a.test` and the instance `ELB`:
 *
 *     ELB.a_test.total:3|c
 *     ELB.a_test.status.200:3|c
 *     ELB.a_test.cost:12|ms
 *
 * A daemon that is away costs nothing: what could not be sent is forgotten, and said once. A name is looked up once a minute,
 * never by a packet; while it does not resolve there is nothing to send to, and the meter's bounds hold.
 */
export class Statsd {
  readonly meter: Meter;
  readonly #host: string;
  readonly #port: number;
  readonly #prefix: string;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #timer: NodeJS.Timeout;
  #client: StatsD | null = null;
  #address = '';
  #lookedUpMs = -Infinity;
  #reported = false;
  #stopped = false;

  constructor(options: StatsdOptions) {
    this.meter = options.meter ?? new Meter();
    this.#host = options.host.replace(/^\[(.*)\]$/, '$1');
    this.#port = options.port;
    this.#prefix = options.prefix.replace(UNSAFE_IN_PREFIX, '_');
    this.#log = options.log;
    if (isIP(this.#host) !== 0) this.#connect(this.#host);
    else void this.#resolve();
    this.#timer = setInterval(() => this.flush(), options.flushMs ?? FLUSH_MS).unref();
  }

  /** Sends what was counted since the last flush. */
  flush(): void {
    if (isIP(this.#host) === 0 && performance.now() - this.#lookedUpMs >= LOOKUP_MS) void this.#resolve();
    const client = this.#client;
    if (client === null) return;
    for (const [host, counts] of this.meter.drain()) {
      const key = statKey(host);
      client.increment(`${key}.total`, counts.total);
      for (const [status, count] of counts.statuses) client.increment(`${key}.status.${status}`, count);
      const cost = `${key}.cost`;
      for (const ms of counts.costsMs) client.timing(cost, Math.round(ms));
    }
    client.flush();
  }

  /** Sends what is left and closes the socket. Nothing is sent afterwards. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.flush();
    this.#stopped = true;
    clearInterval(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (client !== null) await close(client);
  }

  /** Finds the name's address of this minute. Failing keeps the address of the minute before. */
  async #resolve(): Promise<void> {
    this.#lookedUpMs = performance.now();
    try {
      const { address } = await lookup(this.#host, { order: 'ipv4first' }); // most daemons listen there only
      if (!this.#stopped && address !== this.#address) this.#connect(address);
    } catch (error) {
      this.#report(error);
    }
  }

  #connect(address: string): void {
    const before = this.#client;
    this.#address = address;
    this.#client = new StatsD({
      host: address,
      port: this.#port,
      prefix: `${this.#prefix}.`,
      maxBufferSize: MAX_DATAGRAM_BYTES,
      bufferFlushInterval: NEVER_MS, // `flush` does it
      closingFlushInterval: 10,
      errorHandler: (error) => this.#report(error),
      // The library takes tags and addresses of a Datadog agent from the environment unless told not to.
      includeDataDogTags: false,
      datadog: false,
    });
    if (before !== null) void close(before);
  }

  #report(error: unknown): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#log.warn(
      { err: error, statsd: `${this.#host}:${this.#port}` },
      'statsd cannot be reached; statistics are lost',
    );
  }
}

export interface StatsdOptions {
  /** Name or address; an IPv6 address may stand in brackets. */
  readonly host: string;
  readonly port: number;
  /** Name of the instance: the first part of every metric. */
  readonly prefix: string;
  readonly log: Pick<Logger, 'warn'>;
  /** Counts to send; a meter of its own where there is none. */
  readonly meter?: Meter;
  readonly flushMs?: number;
}

/** Resolves when the socket is closed. Its last datagram may get lost like any other: an error is no news. */
function close(client: StatsD): Promise<void> {
  return new Promise((resolve) => client.close(() => resolve()));
}

const FLUSH_MS = 250;
const LOOKUP_MS = 60_000;

/** Longest interval of a timer. */
const NEVER_MS = 2_147_483_647;

/** Fits into an Ethernet frame over IPv6 with room for a tunnel's head. */
const MAX_DATAGRAM_BYTES = 1400;

const UNSAFE_IN_PREFIX = /[^A-Za-z0-9_.-]/g;
