import { closeSync } from 'node:fs';
import { CONNECTION, Pipe, TCP } from './handle.ts';

/** One of Node's own wraps of a socket: what it sends to another process, and makes where it arrives. It is never closed: its descriptor is. */
export interface SocketWrap {
  /** The socket's descriptor in this process. */
  readonly fd: number;
}

/** A listening socket of this process that others are to have as well. */
export class Carrier {
  readonly fd: number;
  readonly #close: () => void;
  readonly #wrap: () => SocketWrap;
  #known: SocketWrap | null = null;
  /** How often it is to be sent and has not left yet. */
  #leaving = 0;
  #isClosing = false;

  private constructor(fd: number, wrap: () => SocketWrap, close: () => void) {
    this.fd = fd;
    this.#wrap = wrap;
    this.#close = close;
  }

  /** Of a socket that was bound here, or inherited. */
  static of(fd: number, kind: 'tcp' | 'unix', close = (): void => closeSync(fd)): Carrier {
    return new Carrier(fd, () => wrapped(fd, kind), close);
  }

  /** Of one that has come from another process. */
  static arrived(wrap: SocketWrap): Carrier {
    const { fd } = wrap;
    return new Carrier(
      fd,
      () => wrap,
      () => closeSync(fd),
    );
  }

  /** What Node is to send. */
  get wrap(): SocketWrap {
    return (this.#known ??= this.#wrap());
  }

  /** It is about to be sent; the answer is to be called, once, when it has left. */
  leave(): () => void {
    this.#leaving++;
    return () => {
      this.#leaving--;
      this.#settle();
    };
  }

  /** Closes the descriptor, once it has left for all that it was sent to. */
  close(): void {
    this.#isClosing = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isClosing || this.#leaving > 0) return;
    this.#isClosing = false;
    this.#close();
  }
}

function wrapped(fd: number, kind: 'tcp' | 'unix'): SocketWrap {
  const wrap = kind === 'tcp' ? new TCP(CONNECTION) : new Pipe(CONNECTION);
  wrap.open(fd);
  return wrap;
}
