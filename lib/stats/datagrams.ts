import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/**
 * Lines on their way to one UDP address: as many to a datagram as fit, joined by newlines. Nobody waits for a datagram and none is
 * sent twice; `onError` hears what the system says against one.
 */
export class Datagrams {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #port: number;
  readonly #onError: (error: Error) => void;
  #lines = '';
  /** Datagrams that the kernel has yet to take. */
  #pending = 0;
  /** Somebody waits for there to be none. */
  #onIdle: (() => void) | null = null;

  constructor(address: string, port: number, onError: (error: Error) => void) {
    this.#address = address;
    this.#port = port;
    this.#onError = onError;
    this.#socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    this.#socket.on('error', onError);
    this.#socket.unref();
  }

  /** One line without its newline, in ASCII. */
  add(line: string): void {
    if (this.#lines === '') this.#lines = line;
    else if (this.#lines.length + 1 + line.length <= MAX_BYTES) this.#lines += `\n${line}`;
    else {
      this.send();
      this.#lines = line;
    }
  }

  /** Sends what waits for more. */
  send(): void {
    if (this.#lines === '') return;
    this.#pending++;
    this.#socket.send(this.#lines, this.#port, this.#address, this.#onSent);
    this.#lines = '';
  }

  /** Resolves when all that was added is sent, as far as it can be, and the socket is closed. */
  async close(): Promise<void> {
    this.send();
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  readonly #onSent = (error: Error | null): void => {
    this.#pending--;
    if (error !== null) this.#onError(error);
    if (this.#pending === 0) this.#onIdle?.();
  };
}

/** Fits into an Ethernet frame over IPv6 with room for a tunnel's head. */
const MAX_BYTES = 1400;
