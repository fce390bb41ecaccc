import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { NOWHERE, Roster } from '../core/roster.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { Deadline } from '../core/wheel.ts';
import { sessionOptions } from '../http2/session-options.ts';
import { Allowance } from '../http2/allowance.ts';
import type { Endpoints } from '../net/endpoints.ts';
import type { Context } from './context.ts';
import type { Drain } from './drain.ts';
import type { Guest } from './guest.ts';
import { StreamClient } from './stream-client.ts';

/** What is known of a peer whose session begins. */
export interface SessionPeer {
  readonly address: string;
  readonly trusted: boolean;
  /** See `Client`. */
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
  readonly refusal: number;
  readonly endpoints: Endpoints | null;
}

/**
 * A client's session of HTTP/2: its streams, each a client of its own to its exchange. It ends when it has been silent, when ELB
 * drains, and when it costs more than it asks for.
 *
 *     open -> leaving (GOAWAY, streams go on) -> closed
 */
export class ClientSession implements Guest {
  readonly address: string;
  readonly trusted: boolean;
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
  readonly endpoints: Endpoints | null;
  readonly deadline: Deadline;
  refusal: number;
  place = NOWHERE;
  readonly #context: Context;
  readonly #h2: ServerHttp2Session;
  readonly #streams = new Roster<StreamClient>();
  /** What it may still do in vain. */
  readonly #waste: Allowance;
  readonly #pings: Allowance;
  readonly #settings: Allowance;
  #silentSince: number;
  /** When it says which stream was its last. */
  #leaving: Deadline | null = null;

  constructor(context: Context, socket: Duplex, peer: SessionPeer) {
    const { wheel, limits } = context.shared;
    this.#context = context;
    this.address = peer.address;
    this.trusted = peer.trusted;
    this.forwarded = peer.forwarded;
    this.tls = peer.tls;
    this.refusal = peer.refusal;
    this.endpoints = peer.endpoints;
    this.deadline = new Deadline(wheel, this);
    this.#silentSince = wheel.now;
    this.#waste = new Allowance(WASTE_BURST, WASTE_PER_SECOND, wheel.now);
    this.#pings = new Allowance(PING_BURST, PINGS_PER_SECOND, wheel.now);
    this.#settings = new Allowance(SETTINGS_BURST, SETTINGS_PER_SECOND, wheel.now);
    this.#h2 = performServerHandshake(socket, sessionOptions(limits));
    // The one property we add to a session; see the listeners below.
    (this.#h2 as OwnedSession).client = this;
    this.#h2.on('stream', onStream);
    this.#h2.on('ping', onPing);
    this.#h2.on('remoteSettings', onSettings);
    this.#h2.on('error', onError);
    this.#h2.on('close', onClose);
    this.deadline.set(context.drain === null ? limits.headMs : context.drain.idleMs());
    if (context.drain !== null) this.drain(context.drain);
  }

  silentMs(now: number): number {
    return this.#streams.size === 0 ? now - this.#silentSince : 0;
  }

  /**
   * In two steps (RFC 9113 6.8): what a client sends before it hears of the end is still served, and only then is the last stream
   * named. Streams that are open go on to their ends.
   */
  drain(drain: Drain): void {
    for (const stream of this.#streams.now()) stream.drain(drain);
    if (this.#leaving !== null || this.#h2.destroyed) return;
    this.#h2.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    this.#leaving = new Deadline(this.deadline.wheel, { onDeadline: () => this.#close() });
    this.#leaving.set(drain.idleMs());
  }

  destroy(): void {
    this.#h2.destroy();
  }

  /** It has been silent too long. */
  onDeadline(): void {
    if (this.#streams.size > 0) return;
    if (this.#h2.closed) this.#h2.destroy();
    else this.#close();
  }

  /** For its streams: one has ended; `isAnswered`: not before its reply was whole. */
  left(stream: StreamClient, isAnswered: boolean): void {
    this.#streams.remove(stream);
    if (isAnswered) this.#waste.earn(WASTE_PER_REPLY);
    else this.#spend(this.#waste);
    if (this.#streams.size > 0) return;
    const { wheel, limits } = this.#context.shared;
    this.#silentSince = wheel.now;
    this.deadline.set(limits.keepAliveMs);
  }

  /** For the listeners below only, as all that follow. */
  begin(h2: ServerHttp2Stream, flags: number, fields: readonly string[]): void {
    if (h2.destroyed || this.#h2.destroyed) {
      // It may have ended before it is told of, with an error that nobody else hears.
      h2.on('error', onError);
      this.#spend(this.#waste);
      return;
    }
    this.deadline.cancel();
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const stream = new StreamClient(this.#context, this, h2, fields, isWhole);
    this.#streams.add(stream);
  }

  pinged(): void {
    this.#spend(this.#pings);
  }

  changed(): void {
    this.#spend(this.#settings);
  }

  gone(): void {
    this.deadline.dispose();
    this.#leaving?.dispose();
    this.#context.removeClient(this);
  }

  #close(): void {
    this.#h2.close();
    // A peer that does not end what nobody uses is not waited for.
    if (this.#streams.size === 0) this.deadline.set(GOODBYE_MS);
  }

  /** A trusted proxy speaks for many clients, and is not bounded. */
  #spend(allowance: Allowance): void {
    if (allowance.spend(this.#context.shared.wheel.now) || this.trusted || this.#h2.destroyed) return;
    this.#h2.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#h2.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

type OwnedSession = ServerHttp2Session & { client: ClientSession };

function onStream(
  this: OwnedSession,
  h2: ServerHttp2Stream,
  _headers: object,
  flags: number,
  fields: readonly string[],
): void {
  this.client.begin(h2, flags, fields);
}

function onPing(this: OwnedSession): void {
  this.client.pinged();
}

function onSettings(this: OwnedSession): void {
  this.client.changed();
}

/** Whatever is wrong with a session ends it, and is its peer's business. */
function onError(): void {}

function onClose(this: OwnedSession): void {
  this.client.gone();
}

/** The highest number a stream can have. */
const ANY_STREAM = 2 ** 31 - 1;
const GOODBYE_MS = 2000;

/**
 * Streams that ended before their reply was whole, whoever ended them: a client that asks and takes it back, or makes us take it
 * back (CVE-2023-44487, CVE-2025-8671), spends; every reply that it takes earns a part.
 */
const WASTE_BURST = 200;
const WASTE_PER_SECOND = 50;
const WASTE_PER_REPLY = 0.1;
/** Each is answered. Programs that measure with them send one a round trip. */
const PING_BURST = 2000;
const PINGS_PER_SECOND = 500;
/** Clients say theirs once, and now and then change a window. */
const SETTINGS_BURST = 100;
const SETTINGS_PER_SECOND = 10;
