import net from 'node:net';
import type { BoundListener } from '../core/listener.ts';

/** What is known of an accepted connection before its first byte. */
export interface Accepted {
  /** The system's handle of the connection; see `Connection.accept`. */
  readonly handle: unknown;
  /** Address of the peer, IPv4-mapped addresses as IPv4; `unix` for a Unix socket. */
  readonly address: string;
}

/** A listening socket that hands over raw handles, so that the connection decides how it is read. */
export class Listener {
  readonly #bound: BoundListener;
  readonly #server: net.Server;
  #accepted = 0;

  /** `onError` hears what goes wrong while it accepts, such as running out of file descriptors; it goes on by itself. */
  constructor(bound: BoundListener, onAccept: (accepted: Accepted) => void, onError: (error: Error) => void) {
    this.#bound = bound;
    const isUnix = bound.address.kind === 'unix';
    this.#server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accepted++;
      const { remoteAddress } = socket;
      const handle = takeHandle(socket);
      if (handle === null) return; // the peer is gone already
      onAccept({ handle, address: isUnix ? 'unix' : plainAddress(remoteAddress ?? '') });
    });
    this.#server.on('error', onError);
  }

  /** Begins to accept. Rejects with the system's error. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#bound.handle, BACKLOG, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /**
   * Accepts whoever waits already, then nobody any more. Connections go on. Whoever is in the kernel's queue when the last process
   * closes the socket has connected, may have sent a request, and is reset. Takes `mostMs` at most where they come all the time.
   */
  async drain(mostMs: number): Promise<void> {
    const end = performance.now() + Math.min(mostMs, QUEUE_MS);
    for (let seen = -1; seen !== this.#accepted && performance.now() < end;) {
      seen = this.#accepted;
      await turn();
      await turn();
    }
    if (this.#server.listening) this.#server.close();
  }
}

/** Connections that wait in the kernel while the loop is busy; the kernel's own bound may be lower. */
const BACKLOG = 4096;

/** How long a drain goes on accepting where new clients come all the time. */
const QUEUE_MS = 500;

/** Resolves after the loop has looked at its sockets: of two turns at least one has done so from its beginning. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Takes the system's handle out of a socket that was never read and forgets the socket. */
function takeHandle(socket: net.Socket): unknown {
  // `_handle` is undocumented; there is no public way to give an accepted socket a read buffer (see Connection).
  const owned = socket as net.Socket & { _handle: unknown };
  const { _handle: handle } = owned;
  // oxlint-disable-next-line no-underscore-dangle
  owned._handle = null;
  socket.destroy();
  return handle;
}

const MAPPED = '::ffff:';

function plainAddress(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}
