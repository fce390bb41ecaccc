import net from 'node:net';
import tls from 'node:tls';
import type { Wheel } from '../core/wheel.ts';
import { Deadline } from '../core/wheel.ts';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import { SocketConnection } from '../net/socket-connection.ts';
import type { DialTarget, Server } from './server.ts';

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
  /** It is made for nobody, as another one was faster: for the pool. */
  #isOrphan = false;
  #user: ServerConnectionUser | null = null;

  constructor(server: Server, wheel: Wheel) {
    this.server = server;
    this.#deadline = new Deadline(wheel, this);
    this.connection = dial(server.target, this);
  }

  get closed(): boolean {
    return this.connection.closed;
  }

  lend(user: ServerConnectionUser): void {
    this.#deadline.cancel();
    this.#user = user;
  }

  /** Gives it back for reuse after a complete exchange. */
  release(): void {
    this.#user = null;
    this.uses++;
    this.#rest();
  }

  /** Gives it back unused: it goes to the pool, as soon as it is made if that takes no longer than `ms`. */
  leaveDialling(ms: number): void {
    this.#user = null;
    this.#isOrphan = !this.connected;
    if (this.connected) this.#rest();
    else this.#deadline.set(ms);
  }

  /** Ends it in the middle of an exchange; its user hears nothing more. */
  abandon(): void {
    this.#user = null;
    this.connection.destroy();
  }

  /** Ends it after what is pending has been sent; its user hears nothing more. */
  finish(): void {
    this.#user = null;
    this.connection.end();
    this.#deadline.set(this.server.idleMs);
  }

  onConnect(): void {
    this.connected = true;
    if (this.#isOrphan) {
      this.#isOrphan = false;
      this.#rest();
    } else this.#user?.onServerConnect();
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#user === null) this.#drop();
    else this.#user.onServerBytes(bytes, from, to);
  }

  onEnd(): void {
    if (this.#user === null) this.#drop();
    else this.#user.onServerEnd();
  }

  onDrain(): void {
    this.#user?.onServerDrain();
  }

  onClose(error: Error | null): void {
    this.#deadline.dispose();
    this.server.forget(this);
    this.#blame();
    const user = this.#user;
    this.#user = null;
    user?.onServerClose(error);
  }

  /** Idle too long, or not made in time. */
  onDeadline(): void {
    if (this.#user !== null) return;
    this.#blame();
    this.#drop();
  }

  #rest(): void {
    if (this.closed || !this.server.keep(this)) this.connection.destroy();
    else {
      if (this.connection.paused) this.connection.resume();
      this.#deadline.set(this.server.idleMs);
    }
  }

  /** One that was not made for anybody is a failure of its server all the same: it was chosen. */
  #blame(): void {
    if (this.#isOrphan) this.server.failed();
    this.#isOrphan = false;
  }

  /** Ends it while nobody uses it, and out of the pool at once: the socket tells that it is closed only in a later turn. */
  #drop(): void {
    this.server.forget(this);
    this.connection.destroy();
  }
}

function dial({ host, port, path, secure }: DialTarget, owner: ConnectionOwner): Connection {
  if (path !== '') return HandleConnection.dialUnix(path, owner);
  if (secure) return dialTls(host, port, owner);
  return net.isIP(host) === 0 ? SocketConnection.dial(host, port, owner) : HandleConnection.dialTcp(host, port, owner);
}

function dialTls(host: string, port: number, owner: ConnectionOwner): Connection {
  const name = isName(host) ? { servername: host } : {};
  const socket = tls.connect({ host, port, ALPNProtocols: ['http/1.1'], ...name });
  socket.setNoDelay(true);
  return new SocketConnection(socket, owner, 'secureConnect');
}

/** Server Name Indication carries names only (RFC 6066 3). */
function isName(host: string): boolean {
  return /[^0-9.]/.test(host) && !host.includes(':');
}
