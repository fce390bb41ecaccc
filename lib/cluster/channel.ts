import { deserialize, serialize } from 'node:v8';
import type { Connection, ConnectionOwner } from '../net/connection.ts';

export interface ChannelOptions<Heard> {
  /** The connection that it goes over; nothing arrives on it before this has returned. */
  readonly connect: (owner: ConnectionOwner) => Connection;
  readonly hear: (message: Heard) => void;
}

/**
 * Messages between a primary and one of its workers, in order: each in a frame of its length in bytes (four of them, little-endian), how it
 * is written (one) and the message. What is sent for each change, or for a request, is JSON in Latin-1, which takes a tenth of the time of V8's own
 * format; a piece of a draft is the bytes it consists of; all else, and what has other characters, is in V8's format.
 */
export class Channel<Said extends { readonly kind: string }, Heard> implements ConnectionOwner {
  readonly #connection: Connection;
  readonly #hear: (message: Heard) => void;
  /** Called once all that is pending is on its way. */
  #behind: (() => void)[] = [];
  /** What has come of a frame that is not whole, and how much of that memory is taken. */
  #part: Buffer = Buffer.alloc(HEAD_BYTES);
  #filled = 0;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor({ connect, hear }: ChannelOptions<Heard>) {
    this.#hear = hear;
    this.#connection = connect(this);
    this.#connection.resume();
  }

  /** Resolves when nothing comes any more, and all that came was heard. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return !this.#connection.closed;
  }

  /** `written`: called in a later turn, once so little is pending that more may be sent, or nobody is there any more to take it. */
  send(message: Said, written?: () => void): void {
    const text = TEXTS.has(message.kind) ? JSON.stringify(message) : null;
    if (text !== null && !BEYOND_LATIN1.test(text)) this.#connection.writeText(head(text.length, TEXT) + text);
    else if (isPiece(message)) this.#write(message.piece, PIECE);
    else this.#write(serialize(message), VALUE);
    if (written === undefined) return;
    if (this.#connection.full && this.isOpen) this.#behind.push(written);
    else setImmediate(written);
  }

  /** Ends it once all is on its way. */
  close(): void {
    this.#connection.close();
  }

  onConnect(): void {
    // It is there from the beginning.
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    const messages: Heard[] = [];
    for (let next = from; next < to;) {
      const rest = to - next;
      const length = this.#filled === 0 && rest >= HEAD_BYTES ? HEAD_BYTES + bytes.readUInt32LE(next) : Infinity;
      if (length <= rest) {
        messages.push(this.#read(bytes, next, next + length, false));
        next += length;
      } else next += this.#gather(bytes, next, to, messages);
    }
    for (const message of messages) this.#tell(message);
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onDrain(): void {
    for (const written of this.#behind.splice(0)) setImmediate(written);
  }

  onClose(): void {
    this.onDrain();
    this.#ended.resolve();
  }

  #write({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>, format: number): void {
    this.#connection.writeCopy(head(length, format), Buffer.from(buffer, byteOffset, length), 0, length, '');
  }

  /** Takes what is missing of a frame, and the message if that was all; answers how many bytes it has taken. */
  #gather(bytes: Buffer, from: number, to: number, messages: Heard[]): number {
    const taken = bytes.copy(this.#part, this.#filled, from, Math.min(to, from + this.#part.length - this.#filled));
    this.#filled += taken;
    if (this.#filled < this.#part.length) return taken;
    const length = HEAD_BYTES + this.#part.readUInt32LE(0);
    if (this.#filled < length) {
      const whole = Buffer.allocUnsafeSlow(length);
      this.#part.copy(whole);
      this.#part = whole;
      return taken;
    }
    messages.push(this.#read(this.#part, 0, length, true));
    this.#part = Buffer.alloc(HEAD_BYTES);
    this.#filled = 0;
    return taken;
  }

  /** `isOwn`: the bytes are that frame's alone. Memory in a message is theirs. */
  #read(bytes: Buffer, from: number, to: number, isOwn: boolean): Heard {
    const body = from + HEAD_BYTES;
    // The other end writes nothing but what is heard here.
    if (bytes[body - 1] === TEXT) return JSON.parse(bytes.latin1Slice(body, to)) as Heard;
    const rest = bytes.subarray(body, to);
    const own = isOwn ? rest : Buffer.from(rest);
    return (bytes[body - 1] === PIECE ? { kind: 'draft', piece: own } : deserialize(own)) as Heard;
  }

  /** What goes wrong in one message is no matter of the next. */
  #tell(message: Heard): void {
    try {
      this.#hear(message);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function isPiece(message: { readonly kind: string }): message is { kind: 'draft'; piece: Uint8Array<ArrayBuffer> } {
  return message.kind === 'draft';
}

function head(length: number, format: number): string {
  return String.fromCharCode(length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24, format);
}

/** Length and format. */
const HEAD_BYTES = 5;
const TEXT = 0;
const VALUE = 1;
const PIECE = 2;
/** Kinds of messages that are the same behind JSON: without memory, maps and numbers that are not finite. */
const TEXTS: ReadonlySet<string> = new Set(['table', 'applied', 'enter', 'entered', 'leave']);
const BEYOND_LATIN1 = /[^\0-\xff]/;
