import type { Connection } from '../net/connection.ts';
import type { MessageStream } from '../net/message-stream.ts';

/**
 * Writes one message: a head, then runs of body, either as they are or each as a chunk (RFC 9112 7.1). What is small goes
 * into one text with the head, what is large is copied once behind the text: either way it is one system call.
 */
export class BodyWriter {
  #connection: Connection | null = null;
  /** Where messages end by themselves, until this one has. */
  #stream: MessageStream | null = null;
  #chunked = false;
  #text = '';

  /** Begins a message; nothing is written before `flush`, or before more has gathered than is worth keeping. */
  begin(connection: Connection, head: string, chunked: boolean): void {
    this.#connection = connection;
    this.#stream = connection.stream;
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
    } else {
      const before = this.#chunked ? `${this.#text}${length.toString(16)}\r\n` : this.#text;
      this.#connection?.writeCopy(before, bytes, from, to, this.#chunked ? '\r\n' : '');
      this.#text = '';
    }
  }

  /** The end of the body; `trailers` are field lines, or empty. Only a chunked body, and one on a stream, can have any. */
  finish(trailers: string): void {
    if (this.#chunked) this.#text += `0\r\n${trailers}\r\n`;
    else if (this.#stream !== null) {
      this.#stream.finish(this.#text, trailers);
      this.#text = '';
      this.#stream = null;
    }
  }

  flush(): void {
    if (this.#text === '') return;
    this.#connection?.writeText(this.#text);
    this.#text = '';
  }

  /** Forgets the message, written or not. */
  reset(): void {
    this.#connection = null;
    this.#stream = null;
    this.#text = '';
  }
}

/** Up to here text is cheaper than bytes: Node writes a Latin-1 string of this size from its stack, without a buffer. */
const TEXT_BYTES = 8192;
