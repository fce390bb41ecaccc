import { closeSync } from 'node:fs';
import net from 'node:net';
import { monotonicMs } from '../core/clock.ts';
import type { BoundListener, ListenAddress } from '../core/listener.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { plainAddress } from './endpoints.ts';
import { HandleConnection, systemError } from './handle-connection.ts';
import { TCP, type Handle, type SocketName, type ServerHandle } from './handle.ts';
import type { TlsConnection } from './tls-connection.ts';

/** What is known of an accepted connection before its first request. */
export interface Accepted {
  readonly handle: Handle;
  /** Address of the client, IPv4-mapped addresses as IPv4; `unix` for a Unix socket. */
  readonly address: string;
  /** Whether HTTP/2 is spoken here with prior knowledge. */
  readonly http2: boolean;
  /** What its greeting has made of it; missing where it needs none. */
  readonly greeted?: Greeted;
}

/** A connection that has begun with more than a request. */
export interface Greeted {
  readonly connection: HandleConnection | TlsConnection;
  /** Null: in clear. */
  readonly tls: TlsFacts | null;
}

/** The connection of somebody who was accepted, which `owner` hears of from now on. */
export function connectionOf({ handle, greeted }: Accepted, owner: ConnectionOwner): Connection {
  if (greeted === undefined) return new HandleConnection(handle, owner);
  greeted.connection.owner = owner;
  return greeted.connection;
}

/** A listening socket that hands over bare handles, so that the connection decides how it is read. */
export class Listener {
  readonly #bound: BoundListener;
  readonly #server: net.Server;
  readonly #onAccept: (accepted: Accepted) => void;
  readonly #onError: (error: Error) => void;
  #accepted = 0;
  /** What is asked of who comes; its place does not change. */
  address: ListenAddress;

  /** `onError` hears what goes wrong while it accepts, such as running out of file descriptors; it goes on by itself. */
  constructor(bound: BoundListener, onAccept: (accepted: Accepted) => void, onError: (error: Error) => void) {
    this.#bound = bound;
    this.address = bound.address;
    this.#onAccept = onAccept;
    this.#onError = onError;
    this.#server = net.createServer();
    this.#server.on('error', onError);
  }

  /** Begins to accept. Rejects with the system's error. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#bound.handle, BACKLOG, () => {
        this.#server.off('error', reject);
        this.#takeOver();
        resolve();
      });
    });
  }

  /** Lets go of a socket that it has not begun to accept from. */
  release(): void {
    releaseSocket(this.#bound);
  }

  /**
   * Accepts whoever waits already, then nobody any more. Connections go on. Whoever is in the kernel's queue when the last process
   * closes the socket has connected, may have sent a request, and is reset. Takes `mostMs` at most where they come all the time; a loop
   * that has much to do accepts slowly, so it is counted who can have waited at its beginning.
   */
  async drain(mostMs: number): Promise<void> {
    const begun = monotonicMs();
    const before = this.#accepted;
    const goesOn = (ms: number): boolean => ms < mostMs && (ms < QUEUE_MS || this.#accepted - before < BACKLOG);
    for (let seen = -1; seen !== this.#accepted && goesOn(monotonicMs() - begun);) {
      seen = this.#accepted;
      await turn();
      await turn();
    }
    if (this.#server.listening) this.#server.close();
  }

  /** Node's server binds, listens and closes; what it would make of a connection is not made (see `HandleConnection`). */
  #takeOver(): void {
    // `_handle` is undocumented and left out of the published types, as are the handles themselves.
    const { _handle: handle } = this.#server as net.Server & { _handle: ServerHandle };
    // Accepted sockets inherit it, which spares a system call for each.
    handle.setNoDelay?.(true);
    handle.onconnection = (error, accepted) => {
      if (accepted === undefined) this.#onError(systemError(error));
      else this.#accept(accepted);
    };
  }

  #accept(handle: Handle): void {
    const http2 = this.address.options?.h2 ?? true;
    this.#accepted++;
    if (!(handle instanceof TCP)) this.#onAccept({ handle, address: 'unix', http2 });
    else if (handle.getpeername(peer) === 0)
      this.#onAccept({ handle, address: plainAddress(peer.address ?? ''), http2 });
    else handle.close(() => undefined); // the peer is gone already
  }
}

export function releaseSocket({ handle }: BoundListener): void {
  if (handle instanceof net.BoundSocket) handle[Symbol.dispose]();
  else closeSync(handle.fd);
}

const peer: SocketName = {};

/** Connections that wait in the kernel while the loop is busy; the kernel's own bound may be lower. */
const BACKLOG = 4096;

/** How long a drain goes on accepting at least where new clients come all the time. */
const QUEUE_MS = 500;

/** Resolves after the loop has looked at its sockets: of two turns at least one has done so from its beginning. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
