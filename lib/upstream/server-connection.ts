import type { Wheel } from '../core/wheel.ts';
import { Deadline, FOREVER } from '../core/wheel.ts';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import { isExhaustion } from '../net/exhaustion.ts';
import type { ClientEnd, Dialer } from './dialer.ts';
import type { Server } from './server.ts';
import type { Traffic } from './traffic.ts';

/** Who uses a server connection for one exchange. */
export interface ServerConnectionUser {
  onServerConnect(): void;
  onServerBytes(bytes: Buffer, from: number, to: number): void;
  onServerEnd(): void;
  onServerDrain(): void;
  /** The connection is lost; it is told once, and not after `release` or `abandon`. */
  onServerClose(error: Error | null): void;
}

/**
 * A connection to a server: dialled for an exchange, lent to one exchange at a time, idle in its server's pool in between.
 *
 *     dialling -> busy <-> idle -> closed
 *
 * Any byte or end that arrives while idle destroys it: an unsolicited reply must never reach the next client
 * (CVE-2026-48931, CVE-2026-6733).
 */
export class ServerConnection implements ConnectionOwner {
  readonly server: Server;
  /** The only client it is for; null: for all. */
  readonly client: ClientEnd | null;
  readonly connection: Connection;
  connected = false;
  /** Exchanges it has carried before the present one. */
  uses = 0;
  /** Wheel time since when it is idle. */
  idleSince = 0;
  /** Neighbours in the pool's list, most recently used first. */
  newer: ServerConnection | null = null;
  older: ServerConnection | null = null;
  readonly #deadline: Deadline;
  readonly #dialer: Dialer;
  readonly #madeAt: number;
  /** It is made for nobody, as another one was faster: for the pool. */
  #isOrphan = false;
  #user: ServerConnectionUser | null = null;
  /** Of the bytes that were written. */
  #counted = 0;
  /** Bytes that were written before its present user, and that have come for it. */
  #sentBefore = 0;
  #received = 0;

  constructor(server: Server, client: ClientEnd | null, wheel: Wheel) {
    this.server = server;
    this.client = client;
    this.#dialer = server.dialer;
    this.#madeAt = wheel.now;
    this.#deadline = new Deadline(wheel, this);
    this.connection = this.#dialer.dial(server, this, client);
    // A stream of a session that is there: it has not been idle.
    if (this.connected) this.idleSince = wheel.now;
  }

  get closed(): boolean {
    return this.connection.closed;
  }

  lend(user: ServerConnectionUser): void {
    this.#deadline.cancel();
    if (this.#user === null) {
      this.#sentBefore = this.connection.written;
      this.#received = 0;
    }
    this.#user = user;
  }

  /** Gives it back for reuse after a complete exchange; `keptMs`: how long its server says that it keeps it. */
  release(keptMs: number): void {
    this.#unlend();
    this.uses++;
    this.#rest(keptMs - Math.min(MARGIN_MS, keptMs / 2));
  }

  /** Gives it back unused: it goes to the pool, as soon as it is made if that takes no longer than `ms`. */
  leaveDialling(ms: number): void {
    this.#unlend();
    this.#isOrphan = !this.connected;
    if (this.connected) this.#rest(FOREVER);
    else this.#deadline.set(ms);
  }

  /** Ends it in the middle of an exchange; its user hears nothing more. */
  abandon(): void {
    this.#unlend();
    this.connection.destroy();
  }

  /** Ends it after what is pending has been sent; its user hears nothing more. */
  finish(): void {
    this.#unlend();
    this.connection.end();
    this.#deadline.set(this.server.bounds.idleMs);
  }

  onConnect(): void {
    this.connected = true;
    this.server.dialError = null;
    if (this.#isOrphan) {
      this.#isOrphan = false;
      this.#rest(FOREVER);
    } else this.#user?.onServerConnect();
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    const { traffic } = this.server;
    if (traffic !== null) this.#count(traffic, to - from);
    if (this.#user === null) this.end();
    else {
      this.#received += to - from;
      this.#user.onServerBytes(bytes, from, to);
    }
  }

  onEnd(): void {
    if (this.#user !== null) return this.#user.onServerEnd();
    this.server.earlyEnds.ended(this.idleSince);
    this.end();
  }

  onDrain(): void {
    this.#user?.onServerDrain();
  }

  onClose(error: Error | null): void {
    this.#deadline.dispose();
    this.server.forget(this);
    this.server.open--;
    if (!this.connected && error !== null) this.server.dialError = error.message;
    if (!isExhaustion(error)) this.#blame();
    if (this.#user === null && this.connected && error !== null) this.server.earlyEnds.ended(this.idleSince);
    const user = this.#user;
    this.#unlend();
    user?.onServerClose(error);
  }

  /** Idle too long, or not made in time. */
  onDeadline(): void {
    if (this.#user !== null) return;
    this.#blame();
    this.end();
  }

  /** Its user has done with it. */
  #unlend(): void {
    if (this.#user !== null) this.server.counter?.carried(this.connection.written - this.#sentBefore, this.#received);
    this.#user = null;
  }

  /** Bytes that have come, and those that were sent since the last time. */
  #count(traffic: Traffic, came: number): void {
    const { written } = this.connection;
    traffic.add(came + written - this.#counted);
    this.#counted = written;
  }

  /** Nobody uses it: it waits for its next user, so long at most. */
  #rest(mostMs: number): void {
    const { server } = this;
    const { idleMs, maxAgeMs, maxUses } = server.bounds;
    const leftMs = Math.min(idleMs, mostMs, maxAgeMs - (this.#deadline.wheel.now - this.#madeAt));
    if (this.closed || !server.listed || this.#dialer !== server.dialer || leftMs <= 0 || this.uses >= maxUses) {
      this.connection.destroy();
      return;
    }
    if (this.connection.paused) this.connection.resume();
    this.#deadline.set(leftMs);
    server.keep(this);
  }

  /** One that was not made for anybody is a failure of its server all the same: it was chosen. */
  #blame(): void {
    if (this.#isOrphan) this.server.failed();
    this.#isOrphan = false;
  }

  /** Ends it while nobody uses it, and out of the pool at once: the socket tells that it is closed only in a later turn. */
  end(): void {
    this.server.forget(this);
    this.connection.destroy();
  }
}

/** So long before its server a kept connection is given up, or half of the time if that is less. */
const MARGIN_MS = 1000;
