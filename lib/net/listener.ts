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

  /** `onError` hears what goes wrong while it accepts, such as running out of file descriptors; it goes on by itself. */
  constructor(bound: BoundListener, onAccept: (accepted: Accepted) => void, onError: (error: Error) => void) {
    this.#bound = bound;
    const isUnix = bound.address.kind === 'unix';
    this.#server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
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

  /** Accepts nothing more. Connections go on. */
  close(): void {
    if (this.#server.listening) this.#server.close();
  }
}

/** Connections that wait in the kernel while the loop is busy; the kernel's own bound may be lower. */
const BACKLOG = 4096;

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
