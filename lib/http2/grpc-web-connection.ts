import type { ConnectionOwner, Connection } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import type { MessageStream } from '../net/message-stream.ts';
import { Base64Decoder } from './base64-decoder.ts';
import type { StreamConnection } from './stream-connection.ts';

/**
 * A stream to a server of gRPC for requests that may come in gRPC-Web (`PROTOCOL-WEB.md` of the gRPC project). Those are translated on
 * their way: the media type, base64 where the client has asked for text, and trailers, which a browser cannot read, as the last
 * frame of the body. All others pass as they are.
 */
export class GrpcWebConnection implements Connection, ConnectionOwner, MessageStream {
  readonly stream: MessageStream = this;
  ended = false;
  readonly #owner: ConnectionOwner;
  readonly #below: StreamConnection;
  /** What the client's media type has behind `application/grpc-web`: `+proto`, `-text`; null for another request. */
  #web: string | null = null;
  #isAsked = false;
  #isAnswered = false;
  readonly #decoder = new Base64Decoder();

  /** `open`: a stream whose owner this is. */
  constructor(owner: ConnectionOwner, open: (owner: ConnectionOwner) => StreamConnection) {
    this.#owner = owner;
    this.#below = open(this);
  }

  get trailers(): string {
    return this.#web === null ? this.#below.trailers : '';
  }

  get paused(): boolean {
    return this.#below.paused;
  }

  get closed(): boolean {
    return this.#below.closed;
  }

  get written(): number {
    return this.#below.written;
  }

  get pending(): number {
    return this.#below.pending;
  }

  get full(): boolean {
    return this.#below.full;
  }

  endpoints(): Endpoints | null {
    return this.#below.endpoints();
  }

  writeText(text: string): void {
    this.#below.writeText(this.#translate(text));
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (before !== '') this.writeText(before);
    if (this.#isText) this.writeText(bytes.latin1Slice(from, to));
    else this.#below.writeCopy('', bytes, from, to, '');
    if (after !== '') this.writeText(after);
  }

  finish(text: string, trailers: string): void {
    const rest = this.#translate(text);
    if (this.#isText && !this.#decoder.isWhole) this.#below.fail(new Error('the body is not base64'));
    else this.#below.finish(rest, trailers);
  }

  pause(): void {
    this.#below.pause();
  }

  resume(): void {
    this.#below.resume();
  }

  end(): void {
    this.#below.end();
  }

  close(): void {
    this.#below.close();
  }

  destroy(): void {
    this.#below.destroy();
  }

  reset(): void {
    this.#below.reset();
  }

  onConnect(): void {
    this.#owner.onConnect();
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#web === null) {
      this.ended = this.#below.ended;
      this.#owner.onBytes(bytes, from, to);
    } else if (this.#isAnswered) this.#tellBody(bytes, from, to);
    else this.#tellHead(bytes.latin1Slice(from, to));
  }

  onEnd(): void {
    if (this.#web !== null) {
      const lines = Buffer.from(this.#below.trailers, 'latin1');
      const frame = Buffer.alloc(FRAME_HEAD_BYTES + lines.length);
      frame[0] = TRAILERS;
      frame.writeUInt32BE(lines.length, 1);
      lines.copy(frame, FRAME_HEAD_BYTES);
      this.#tellBody(frame, 0, frame.length);
    }
    this.ended = true;
    this.#owner.onEnd();
  }

  onDrain(): void {
    this.#owner.onDrain();
  }

  onClose(error: Error | null): void {
    this.#owner.onClose(error);
  }

  get #isText(): boolean {
    return this.#web !== null && this.#web.startsWith('-text');
  }

  /** What goes to the server of what the client has said, its head first. */
  #translate(text: string): string {
    if (this.#isAsked) return this.#isText ? this.#decode(text) : text;
    this.#isAsked = true;
    const headEnd = text.indexOf('\r\n\r\n') + 2;
    const head = text.slice(0, headEnd);
    this.#web = WEB_TYPE.exec(head)?.[1] ?? null;
    if (this.#web === null) return text;
    const type = `\r\ncontent-type: application/grpc${this.#web.replace(/^-text/, '')}\r\n`;
    // RFC 9110 10.1.4: servers of gRPC want to be told that trailers are taken.
    const asked = `${head.replace(WEB_TYPE, type).replace(LENGTH, '\r\n').replace(TE, '\r\n')}te: trailers\r\n\r\n`;
    const body = text.slice(headEnd + 2);
    return asked + (this.#isText ? this.#decode(body) : body);
  }

  #decode(text: string): string {
    const bytes = this.#decoder.decode(text);
    if (bytes !== null) return bytes;
    this.#below.fail(new Error('the body is not base64'));
    return '';
  }

  #tellHead(text: string): void {
    this.#isAnswered = !text.startsWith('HTTP/1.1 1');
    this.ended = this.#below.ended;
    const told = this.#isAnswered
      ? text.replace(TYPE, `\r\ncontent-type: application/grpc-web${this.#web ?? ''}\r\n`).replace(LENGTH, '\r\n')
      : text;
    this.#owner.onBytes(Buffer.from(told, 'latin1'), 0, told.length);
  }

  /** Each run is base64 of its own, as the protocol allows. */
  #tellBody(bytes: Buffer, from: number, to: number): void {
    if (!this.#isText) return this.#owner.onBytes(bytes, from, to);
    const text = Buffer.from(bytes.toString('base64', from, to), 'latin1');
    this.#owner.onBytes(text, 0, text.length);
  }
}

const WEB_TYPE = /\r\ncontent-type: *application\/grpc-web((?:-text)?(?:\+[\w.-]+)?) *(?:;[^\r]*)?\r\n/i;
const TYPE = /\r\ncontent-type: *application\/grpc[^\r]*\r\n/i;
const LENGTH = /\r\ncontent-length: *\d*\r\n/i;
const TE = /\r\nte: [^\r]*\r\n/i;
/** First byte of a frame of trailers, before its length. */
const TRAILERS = 0x80;
const FRAME_HEAD_BYTES = 5;
