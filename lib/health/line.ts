import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import { SocketConnection } from '../net/socket-connection.ts';
import { TunnelSocket } from '../net/tunnel-socket.ts';
import { UNIX } from '../upstream/server-name.ts';
import { reasonOf, type CheckPlace, type CheckTls } from './check.ts';

/** Who uses a line. */
export interface LineUser {
  /** TCP is connected; with TLS, the handshake is over. */
  onOpen(): void;
  onBytes(bytes: Buffer, from: number, to: number): void;
  /** The server will send nothing more. */
  onEnd(): void;
  onLost(reason: string): void;
}

/** A check's connection to a server, plain or TLS, which is silent once it is dropped. */
export class Line implements ConnectionOwner {
  readonly #connection: Connection;
  #user: LineUser | null;

  /** `greeting`: sent before anything else, in plain. */
  constructor({ host, port, via = null }: CheckPlace, tls: CheckTls, greeting: string, user: LineUser) {
    this.#user = user;
    const path = host.startsWith(UNIX) ? host.slice(UNIX.length) : null;
    const tunnel = via === null || path !== null ? null : new TunnelSocket(via, host, port);
    if (tls === null) {
      if (tunnel !== null) this.#connection = new SocketConnection(tunnel, this, 'connect');
      else if (path === null) this.#connection = HandleConnection.dialTcp(host, port, this);
      else this.#connection = HandleConnection.dialUnix(path, this);
      // The kernel keeps it until the connection is made.
      if (greeting !== '') this.#connection.writeText(greeting);
    } else {
      const target = path === null ? { host, port } : { path };
      const below = tunnel ?? (greeting === '' ? null : connect(target));
      if (greeting !== '') below?.write(greeting, 'latin1');
      const place = below === null ? target : { socket: below };
      this.#connection = new SocketConnection(connectTls({ ...tls, ...place }), this, 'secureConnect');
    }
  }

  /** Only once it is open. */
  write(text: string): void {
    this.#connection.writeText(text);
  }

  /** Its descriptor as it is now, for who reads and writes past the event loop; -1 where its bytes are not ours to read (TLS). */
  get fd(): number {
    return this.#connection instanceof HandleConnection ? this.#connection.handle.fd : -1;
  }

  /** Whether the event loop reads it. */
  watch(watches: boolean): void {
    if (watches) this.#connection.resume();
    else this.#connection.pause();
  }

  /** Ends it at once. */
  drop(): void {
    this.#user = null;
    this.#connection.destroy();
  }

  /** The same with a RST, of which nothing is left: for a connection that has carried nothing. */
  reset(): void {
    this.#user = null;
    this.#connection.reset();
  }

  onConnect(): void {
    this.#user?.onOpen();
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    this.#user?.onBytes(bytes, from, to);
  }

  onEnd(): void {
    this.#user?.onEnd();
  }

  onDrain(): void {}

  onClose(error: Error | null): void {
    this.#user?.onLost(reasonOf(error));
  }
}
