import net from 'node:net';

/** A proxy that connections to servers go through. Plain data. */
export interface ForwardProxy {
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization; empty: none is sent. */
  readonly authorization: string;
}

/**
 * A socket to a server by way of a forward proxy: asks it for a tunnel by CONNECT (RFC 9110 9.3.6), and is connected once the proxy has
 * agreed. What is written before waits until then. It has no handle of its own, so that TLS over it goes through its streams.
 */
export class TunnelSocket extends net.Socket {
  readonly #proxy: net.Socket;
  #isOpen = false;
  /** Of the proxy's answer, while it is not whole. */
  #answer = '';
  /** A write that waits for the tunnel. */
  #waiting: (() => void) | null = null;

  /** `probeAfterMs`: see `HandleConnection.probe`; 0: never. */
  constructor(proxy: ForwardProxy, host: string, port: number, probeAfterMs = 0) {
    super({ allowHalfOpen: true });
    const to = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    const credentials = proxy.authorization === '' ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    this.#proxy = net.connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true, noDelay: true });
    if (probeAfterMs > 0) this.#proxy.setKeepAlive(true, probeAfterMs);
    this.#proxy.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${credentials}\r\n`);
    this.#proxy.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#proxy.on('end', () => this.#end());
    this.#proxy.on('error', (error) => this.destroy(error));
    this.#proxy.on('close', () => this.destroy());
  }

  override _read(): void {
    if (this.#isOpen) this.#proxy.resume();
  }

  override _write(bytes: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    this.#send(bytes, encoding, done);
  }

  override _writev(parts: readonly Part[], done: Done): void {
    const bytes = parts.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    );
    this.#send(Buffer.concat(bytes), 'latin1', done);
  }

  override _final(done: Done): void {
    this.#proxy.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#proxy.destroy();
    done(error);
    // Sockets leave that to their handle; it follows the error, which comes in a tick of its own.
    process.nextTick(() => this.emit('close', error !== null));
  }

  #send(bytes: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    const send = (): void => void this.#proxy.write(bytes, encoding, done);
    if (this.#isOpen) send();
    else this.#waiting = send;
  }

  #take(bytes: Buffer): void {
    if (!this.#isOpen) this.#readAnswer(bytes);
    else if (!this.push(bytes)) this.#proxy.pause();
  }

  #readAnswer(bytes: Buffer): void {
    this.#answer += bytes.toString('latin1');
    const end = this.#answer.indexOf('\r\n\r\n');
    if (end === -1) {
      if (this.#answer.length > MAX_ANSWER) this.#refuse('a long answer');
      return;
    }
    const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(this.#answer)?.[1];
    if (status === undefined) return this.#refuse('no HTTP');
    if (!status.startsWith('2')) return this.#refuse(status);
    // Nobody has been asked for anything yet: what it says already is no answer of the server's.
    if (this.#answer.length > end + 4) return this.#refuse('more than it was asked for');
    this.#isOpen = true;
    this.#answer = '';
    this.emit('connect');
    this.#waiting?.();
    this.#waiting = null;
  }

  #end(): void {
    if (this.#isOpen) this.push(null);
    else this.#refuse('nothing');
  }

  #refuse(what: string): void {
    this.destroy(Object.assign(new Error(`the forward proxy answered ${what}`), { code: 'EPROXY' }));
  }
}

type Done = (error?: Error | null) => void;

interface Part {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/** Of an answer to CONNECT, which has no body. */
const MAX_ANSWER = 16_384;
