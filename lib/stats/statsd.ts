import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { monotonicMs } from '../core/clock.ts';
import { Datagrams } from './datagrams.ts';
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
  #datagrams: Datagrams | null = null;
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
    if (isIP(this.#host) === 0 && monotonicMs() - this.#lookedUpMs >= LOOKUP_MS) void this.#resolve();
    const datagrams = this.#datagrams;
    if (datagrams === null) return;
    for (const [host, counts] of this.meter.drain()) {
      const name = `${this.#prefix}.${statKey(host)}`;
      datagrams.add(`${name}.total:${counts.total}|c`);
      for (const [status, count] of counts.statuses) datagrams.add(`${name}.status.${status}:${count}|c`);
      for (const ms of counts.costsMs) datagrams.add(`${name}.cost:${Math.round(ms)}|ms`);
    }
    datagrams.send();
  }

  /** Sends what is left and closes the socket. Nothing is sent afterwards. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.flush();
    this.#stopped = true;
    clearInterval(this.#timer);
    const datagrams = this.#datagrams;
    this.#datagrams = null;
    await datagrams?.close();
  }

  /** Finds the name's address of this minute. Failing keeps the address of the minute before. */
  async #resolve(): Promise<void> {
    this.#lookedUpMs = monotonicMs();
    try {
      const { address } = await lookup(this.#host, { order: 'ipv4first' }); // most daemons listen there only
      if (!this.#stopped && address !== this.#address) this.#connect(address);
    } catch (error) {
      this.#report(error);
    }
  }

  #connect(address: string): void {
    const before = this.#datagrams;
    this.#address = address;
    this.#datagrams = new Datagrams(address, this.#port, (error) => this.#report(error));
    void before?.close();
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

/** Short, so that the times of a busy worker are not many at once: they are told in one turn. */
const FLUSH_MS = 50;
const LOOKUP_MS = 60_000;

const UNSAFE_IN_PREFIX = /[^A-Za-z0-9_.-]/g;
