import { connect, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { monotonicMs } from '../core/clock.ts';
import type { ConnectionOwner } from '../net/connection.ts';
import { Unprocessed } from '../net/unprocessed.ts';
import { RequestSide } from './request-side.ts';
import { StreamConnection } from './stream-connection.ts';

/** Bounds of a session with a server. */
export interface ServerSessionBounds {
  /** Most streams at once, if the server does not allow less. */
  readonly maxStreams: number;
  /** How long it stays without a stream. */
  readonly idleMs: number;
  readonly maxAgeMs: number;
  /** Most streams ever. */
  readonly maxUses: number;
}

/** Who has sessions with a server. */
export interface SessionKeeper {
  /** Streams that the server has allowed at once, when it was asked last. */
  allowed: number;
  /** It lends no more streams. */
  onGone(session: ServerSession): void;
}

/**
 * A session of HTTP/2 with a server, whose streams are lent as connections for one exchange each.
 *
 *     dialling -> open -> leaving (no new streams) -> closed
 */
export class ServerSession {
  readonly #h2: ClientHttp2Session;
  readonly #scheme: string;
  readonly #bounds: ServerSessionBounds;
  readonly #keeper: SessionKeeper;
  readonly #madeAt = monotonicMs();
  /** Streams that are open, or wait for the session to be made. */
  readonly #streams = new Set<StreamConnection>();
  #waiting: Lent[] = [];
  #uses = 0;
  #isOpen = false;
  #error: Error | null = null;
  #idle: NodeJS.Timeout | null = null;
  /** A question that the server has yet to answer. */
  #ping: NodeJS.Timeout | null = null;

  /** `socket`: is being connected. */
  constructor(socket: Socket, isSecure: boolean, bounds: ServerSessionBounds, keeper: SessionKeeper) {
    this.#bounds = bounds;
    this.#keeper = keeper;
    this.#scheme = isSecure ? 'https' : 'http';
    const options = {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      maxSessionMemory: SESSION_MEGABYTES,
      // RFC 9110 5.3; the published types of a client's options leave it out.
      strictSingleValueFields: false,
    };
    this.#h2 = connect(`${this.#scheme}://server`, options);
    this.#h2.on('connect', () => this.#connected(isSecure));
    this.#h2.once('remoteSettings', () => this.#settled());
    this.#h2.on('goaway', () => this.leave());
    this.#h2.on('error', (error: Error) => {
      this.#error ??= error;
    });
    this.#h2.on('close', () => this.#closed());
  }

  /** Whether it can carry one more stream. */
  get hasRoom(): boolean {
    const { maxStreams, maxAgeMs, maxUses } = this.#bounds;
    if (this.#h2.closed || this.#h2.destroyed || this.#uses >= maxUses) return false;
    if (monotonicMs() - this.#madeAt >= maxAgeMs) return false;
    return this.#streams.size < Math.min(maxStreams, this.#keeper.allowed);
  }

  get isUsed(): boolean {
    return this.#streams.size > 0;
  }

  /** Lends a stream; `onConnect` of its owner tells when it can be used, which may be before this returns. */
  open(owner: ConnectionOwner): StreamConnection {
    this.#uses++;
    if (this.#idle !== null) clearTimeout(this.#idle);
    const side = new RequestSide(this.#h2, this.#scheme);
    const lent: ConnectionOwner = {
      onConnect: () => owner.onConnect(),
      onBytes: (bytes, from, to) => owner.onBytes(bytes, from, to),
      onEnd: () => owner.onEnd(),
      onDrain: () => owner.onDrain(),
      onClose: (error) => {
        this.#returned(connection);
        owner.onClose(error);
      },
    };
    const connection = new StreamConnection(lent, side, null);
    side.connection = connection;
    this.#streams.add(connection);
    if (this.#isOpen) owner.onConnect();
    else this.#waiting.push({ owner, connection });
    return connection;
  }

  /** No new streams; those that are open go on to their ends. */
  leave(): void {
    this.#keeper.onGone(this);
    if (!this.#isOpen && this.#streams.size === 0) this.#h2.destroy();
    else if (!this.#h2.closed) this.#h2.close();
  }

  destroy(): void {
    this.#h2.destroy();
  }

  #connected(isSecure: boolean): void {
    if (this.#h2.destroyed) return;
    if (isSecure && this.#h2.alpnProtocol !== 'h2') {
      this.#h2.destroy(new Error('the server does not speak HTTP/2'));
      return;
    }
    this.#h2.setLocalWindowSize(SESSION_WINDOW);
  }

  /** What the server says first (RFC 9113 3.4): now it is known to speak HTTP/2, and what it allows. */
  #settled(): void {
    this.#isOpen = true;
    const { maxConcurrentStreams = Infinity } = this.#h2.remoteSettings;
    this.#keeper.allowed = maxConcurrentStreams;
    for (const [i, { owner, connection }] of this.#waiting.splice(0).entries()) {
      if (i < maxConcurrentStreams) owner.onConnect();
      else connection.fail(new Unprocessed('the server allows fewer requests at once'));
    }
  }

  #closed(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    if (this.#ping !== null) clearTimeout(this.#ping);
    this.#keeper.onGone(this);
    for (const stream of this.#streams) stream.fail(this.#error ?? new Error('the session has ended'));
  }

  #returned(connection: StreamConnection): void {
    this.#streams.delete(connection);
    this.#waiting = this.#waiting.filter((one) => one.connection !== connection);
    if (this.#h2.destroyed) return;
    if (!connection.ended && this.#isOpen) this.#suspect();
    if (this.#streams.size > 0) return;
    if (!this.#isOpen) this.leave();
    else this.#idle = setTimeout(() => this.leave(), Math.min(this.#bounds.idleMs, MAX_TIMER_MS)).unref();
  }

  /** A stream was given up: a server that is silent on all of them may be gone, which only a question tells. */
  #suspect(): void {
    if (this.#ping !== null) return;
    this.#ping = setTimeout(() => this.#h2.destroy(), PING_MS).unref();
    this.#h2.ping((error) => {
      if (error !== null) return;
      if (this.#ping !== null) clearTimeout(this.#ping);
      this.#ping = null;
    });
  }
}

/** A stream that waits for its session. */
interface Lent {
  readonly owner: ConnectionOwner;
  readonly connection: StreamConnection;
}

const STREAM_WINDOW = 256 * 1024;
const SESSION_WINDOW = 1024 * 1024;
const SESSION_MEGABYTES = 64;
const MAX_TIMER_MS = 2 ** 31 - 1;
const PING_MS = 5000;
