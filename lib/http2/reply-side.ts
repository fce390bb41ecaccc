import { createHash } from 'node:crypto';
import type { Http2Stream, ServerHttp2Stream } from 'node:http2';
import { headFields, trailerFields } from './head-fields.ts';
import type { HeadSide } from './stream-connection.ts';

/** Sends the heads of replies to a client's stream. */
export class ReplySide implements HeadSide {
  readonly asksTunnel = false;
  readonly #h2: ServerHttp2Stream;
  /** See `RequestText`. */
  readonly #key: string;

  constructor(h2: ServerHttp2Stream, key: string) {
    this.#h2 = h2;
    this.#key = key;
  }

  send(head: string, isLast: boolean, mayTrail: boolean): Http2Stream | null {
    const h2 = this.#h2;
    if (h2.closed) return h2;
    const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
    const lines = head.indexOf('\r\n') + 2;
    if (status === SWITCHING_PROTOCOLS) return this.#agree(head, lines);
    if (status < 200) {
      h2.additionalHeaders({ ...trailerFields(head.slice(lines)), ':status': status });
      return null;
    }
    // A success that is no agreement to the tunnel would be read as one.
    const told = this.#key !== '' && status < 300 ? BAD_GATEWAY : status;
    const fields = [':status', String(told)];
    headFields(head, lines, fields);
    h2.respond(fields, { endStream: isLast, waitForTrailers: mayTrail });
    return h2;
  }

  /** The server has agreed to the tunnel, and proves that it has understood what it was asked (RFC 6455 4.1). */
  #agree(head: string, lines: number): Http2Stream {
    const h2 = this.#h2;
    const fields: string[] = [];
    headFields(head, lines, fields);
    const at = fields.indexOf('sec-websocket-accept');
    const proof = createHash('sha1')
      .update(this.#key + ACCEPT_GUID)
      .digest('base64');
    if (at === -1 || fields[at + 1] !== proof) throw new Error('the server has not agreed to this WebSocket');
    fields.splice(at, 2);
    h2.respond([':status', '200', ...fields]);
    return h2;
  }
}

/** "HTTP/1.1 " comes before the status. */
const STATUS_AT = 9;
const SWITCHING_PROTOCOLS = 101;
const BAD_GATEWAY = 502;
/** RFC 6455 1.3. */
export const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
