import { createHash } from 'node:crypto';
import { constants, type ClientHttp2Session, type ClientHttp2Stream, type Http2Stream } from 'node:http2';
import { reasonOf } from '../http/reason.ts';
import { Unprocessed } from '../net/unprocessed.ts';
import { headFields } from './head-fields.ts';
import { isSound } from './request-text.ts';
import { ACCEPT_GUID } from './reply-side.ts';
import type { HeadSide, StreamConnection } from './stream-connection.ts';

/** Sends the heads of requests on streams of a session with a server, and tells the heads of its replies. */
export class RequestSide implements HeadSide {
  /** Whom the replies are for; set before a head is sent. */
  connection: StreamConnection | null = null;
  readonly #session: ClientHttp2Session;
  readonly #scheme: string;
  /** What the client of a WebSocket wants proven. */
  #key = '';

  constructor(session: ClientHttp2Session, scheme: string) {
    this.#session = session;
    this.#scheme = scheme;
  }

  get asksTunnel(): boolean {
    return this.#key !== '';
  }

  send(head: string, isLast: boolean, mayTrail: boolean): Http2Stream {
    const session = this.#session;
    if (session.closed || session.destroyed) throw new Unprocessed('the session has ended');
    const fields = this.#fields(head);
    const isTunnel = this.#key !== '';
    // Typed as an object, which Node takes a list of as well.
    const list = fields as unknown as Record<string, string>;
    const h2 = session.request(list, { endStream: isLast && !isTunnel, waitForTrailers: mayTrail && !isTunnel });
    (h2 as AskedStream).side = this;
    h2.on('headers', onHead);
    h2.on('response', onHead);
    this.connection?.attach(h2);
    return h2;
  }

  /** For the listener below only. */
  told(h2: ClientHttp2Stream, fields: readonly string[], isWhole: boolean): void {
    const { connection } = this;
    if (connection === null) return;
    const text = this.#reply(fields);
    if (text === null) {
      connection.closeWith(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    if (isWhole) {
      connection.ended = true;
      h2.resume();
    } else if (!text.startsWith(INTERIM)) connection.read();
    else if (text.startsWith(SWITCHED)) connection.read();
    connection.tell(Buffer.from(text, 'latin1'), text.length);
  }

  #fields(head: string): string[] {
    const lineEnd = head.indexOf('\r\n');
    const [method = '', target = ''] = head.slice(0, lineEnd).split(' ', 2);
    const fields = [':method', method, ':scheme', this.#scheme, ':authority', '', ':path', target];
    fields[5] = headFields(head, lineEnd + 2, fields);
    const protocol = UPGRADE.exec(head)?.[1];
    if (protocol === undefined) return fields;
    if (protocol.toLowerCase() !== 'websocket' || !this.#session.remoteSettings.enableConnectProtocol)
      throw new Error('the server does not change protocols within HTTP/2 (RFC 8441)');
    const at = fields.indexOf('sec-websocket-key');
    this.#key = at === -1 ? '-' : (fields[at + 1] ?? '-');
    if (at !== -1) fields.splice(at, 2);
    fields[1] = 'CONNECT';
    fields.push(':protocol', 'websocket');
    return fields;
  }

  /** The head of a reply in the form of HTTP/1.1; null where that could mean something else. */
  #reply(fields: readonly string[]): string | null {
    let status = '';
    let lines = '';
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i] ?? '';
      const value = fields[i + 1] ?? '';
      if (name === ':status') status = value;
      else if (!isSound(name, value) || FRAMING.has(name)) return null;
      else lines += `${name}: ${value}\r\n`;
    }
    if (this.#key !== '' && status === '200') {
      const accept = createHash('sha1')
        .update(this.#key + ACCEPT_GUID)
        .digest('base64');
      const agreed = `Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n`;
      return `${SWITCHED} Switching Protocols\r\n${agreed}${lines}\r\n`;
    }
    return `HTTP/1.1 ${status} ${reasonOf(Number(status))}\r\n${lines}\r\n`;
  }
}

type AskedStream = ClientHttp2Stream & { side: RequestSide };

function onHead(this: AskedStream, _headers: object, flags: number, fields: readonly string[]): void {
  this.side.told(this, fields, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
}

const INTERIM = 'HTTP/1.1 1';
const SWITCHED = 'HTTP/1.1 101';
const UPGRADE = /\r\nupgrade: *([^\r]+)\r\n/i;
/** What frames messages of HTTP/1.1, and has no place here (RFC 9113 8.2.2). */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'transfer-encoding', 'upgrade']);
