import type { Connection } from '../net/connection.ts';

/**
 * Writes one message: a head, then runs of body, either as they are or each as a chunk (RFC 9112 7.1). What is small goes
 * into one text with the head and so into one system call; what is large is copied once and written as bytes.
 */
export class BodyWriter {
  #connection: Connection | null = null;
  #chunked = false;
  #text = '';
  #corked = false;

  /** Begins a message; nothing is written before `flush`, or before more has gathered than is worth keeping. */
  begin(connection: Connection, head: string, chunked: boolean): void {
    this.#connection = connection;
    this.#text = head;
    this.#chunked = chunked;
  }

  /** A run of body; the bytes may be overwritten after this returns. */
  data(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length === 0) return;
    if (this.#text.length + length <= TEXT_BYTES) {
      const run = bytes.latin1Slice(from, to);
      this.#text += this.#chunked ? `${length.toString(16)}\r\n${run}\r\n` : run;
    } else this.#large(Buffer.from(bytes.subarray(from, to)));
  }

  /** The end of the body; `trailers` are field lines, or empty. Only a chunked body can have any. */
  finish(trailers: string): void {
    if (this.#chunked) this.#text += `0\r\n${trailers}\r\n`;
  }

  flush(): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (this.#text !== '') connection.writeText(this.#text);
    this.#text = '';
    if (this.#corked) connection.uncork();
    this.#corked = false;
  }

  /** Forgets the message, written or not. */
  reset(): void {
    if (this.#corked) this.#connection?.uncork();
    this.#connection = null;
    this.#text = '';
    this.#corked = false;
  }

  #large(bytes: Buffer): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (!this.#corked) connection.cork();
    this.#corked = true;
    const size = this.#chunked ? `${bytes.length.toString(16)}\r\n` : '';
    if (this.#text !== '' || size !== '') connection.writeText(this.#text + size);
    connection.writeBytes(bytes);
    this.#text = this.#chunked ? '\r\n' : '';
  }
}

/** Up to here text is cheaper than bytes: Node writes a Latin-1 string of this size from its stack, without a buffer. */
const TEXT_BYTES = 8192;
