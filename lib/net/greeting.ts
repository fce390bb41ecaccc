import type { CidrList } from '../core/cidr.ts';
import { USUAL_LISTEN_OPTIONS, type ListenOptions } from '../core/listener.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { Deadline, type Wheel } from '../core/wheel.ts';
import { Alert, alertRecord, readClientHello, type ClientHello } from './client-hello.ts';
import { clientCertificateOf } from './client-certificate.ts';
import type { ConnectionOwner } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import { HandleConnection } from './handle-connection.ts';
import { wrapTls, type TlsHandle } from './handle.ts';
import type { Accepted, Greeted } from './listener.ts';
import { readProxyPreamble, MAX_PREAMBLE_BYTES } from './proxy-preamble.ts';
import { TlsConnection } from './tls-connection.ts';

/** How a client is met that has said hello. */
export interface TlsChoice {
  /** Inner context of a `tls.SecureContext`. */
  readonly context: object;
  /** Protocols that are spoken, as ALPN writes them (RFC 7301 3.1). */
  readonly protocols: Uint8Array;
  readonly asksCertificate: boolean;
  /** See `TlsFacts`. */
  readonly policy: string;
}

/** Decides by what a client says first. Null: nothing is known of that name. */
export type ChooseTls = (hello: ClientHello, options: ListenOptions) => TlsChoice | null;

/** How greetings end. */
export const GreetingEnd = {
  FULL: 'full',
  RESUMED: 'resumed',
  CHALLENGE: 'challenge',
  UNKNOWN_NAME: 'unknown_name',
  BAD_HELLO: 'bad_hello',
  NOT_TLS: 'not_tls',
  BAD_PREAMBLE: 'bad_preamble',
  TIMEOUT: 'timeout',
  FAILED: 'failed',
} as const;
export type GreetingEnd = (typeof GreetingEnd)[keyof typeof GreetingEnd];

/** What all greetings of a worker share. */
export interface Hall {
  readonly wheel: Wheel;
  /** Longest time that a greeting takes. */
  readonly greetingMs: number;
  /** Peers whose preamble is believed. */
  readonly trusted: CidrList;
  readonly choose: ChooseTls;
  /** Those that are under way, oldest first. */
  readonly greetings: Set<Greeting>;
  /** Lets a client in that has been greeted. */
  readonly enter: (accepted: Accepted) => void;
  /** Takes a client that speaks HTTP/2: over the connection's own handle, with nothing read of it yet. */
  readonly enterHttp2: (accepted: Accepted & { readonly greeted: Greeted }) => void;
  /** Counts how it went. */
  readonly ended: (end: GreetingEnd) => void;
}

/**
 * What comes before a client's first request: a proxy's word about who it is, then TLS. A client that says nothing of use, or
 * too little in its time, is gone without having been anybody's.
 *
 * The ClientHello is read here before OpenSSL sees a byte of it, so that a session can only be resumed, a certificate only be
 * asked for and a protocol only be agreed on by the rules of the name that is asked for.
 */
export class Greeting implements ConnectionOwner {
  readonly #hall: Hall;
  readonly #options: ListenOptions;
  readonly #deadline: Deadline;
  #connection: HandleConnection | TlsConnection;
  #address: string;
  #ends: Endpoints | null = null;
  #awaits: 'preamble' | 'hello' | 'handshake' | 'nothing';
  /** What has come and was not enough. */
  #begun: Buffer | null = null;
  #serverName = '';
  #choice: TlsChoice | null = null;

  constructor(hall: Hall, accepted: Accepted, options: ListenOptions = USUAL_LISTEN_OPTIONS) {
    this.#hall = hall;
    this.#options = options;
    this.#address = accepted.address;
    this.#awaits = options.proxy ? 'preamble' : 'hello';
    this.#deadline = new Deadline(hall.wheel, this);
    this.#connection = new HandleConnection(accepted.handle, this);
    hall.greetings.add(this);
    if (options.proxy && accepted.address !== 'unix' && !hall.trusted.has(accepted.address)) {
      this.#fail(GreetingEnd.BAD_PREAMBLE);
      return;
    }
    this.#deadline.set(hall.greetingMs);
    this.#connection.resume();
  }

  /** Its time is over. */
  expire(): void {
    this.#fail(GreetingEnd.TIMEOUT);
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#awaits === 'nothing') return;
    if (this.#begun === null) this.#read(bytes, from, to);
    else {
      const all = Buffer.concat([this.#begun, bytes.subarray(from, to)]);
      this.#begun = null;
      this.#read(all, 0, all.length);
    }
  }

  onConnect(): void {
    const connection = this.#connection;
    if (connection instanceof TlsConnection) {
      const facts = factsOf(connection.handle, this.#serverName, this.#choice);
      if (facts.alpn === ACME_TLS) {
        this.#settle(GreetingEnd.CHALLENGE);
        connection.close();
      } else {
        this.#settle(facts.resumed ? GreetingEnd.RESUMED : GreetingEnd.FULL);
        this.#enter(facts);
      }
    }
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    if (this.#awaits !== 'nothing') this.#settle(GreetingEnd.FAILED);
  }

  onDeadline(): void {
    this.expire();
  }

  #read(bytes: Buffer, from: number, to: number): void {
    if (this.#awaits === 'preamble') this.#readPreamble(bytes, from, to);
    else if (this.#awaits === 'hello') this.#readHello(bytes, from, to);
  }

  #readPreamble(bytes: Buffer, from: number, to: number): void {
    const preamble = readProxyPreamble(bytes, from, to);
    if (preamble === 0 && to - from < MAX_PREAMBLE_BYTES) this.#keep(bytes, from, to);
    else if (preamble === 0 || preamble === -1) this.#fail(GreetingEnd.BAD_PREAMBLE);
    else {
      this.#ends = preamble.ends;
      this.#address = preamble.ends?.address ?? this.#address;
      if (this.#options.tls) {
        this.#awaits = 'hello';
        if (preamble.end < to) this.#readHello(bytes, preamble.end, to);
      } else {
        this.#settle(null);
        this.#enter(null);
        if (preamble.end < to) this.#connection.owner.onBytes(bytes, preamble.end, to);
      }
    }
  }

  #readHello(bytes: Buffer, from: number, to: number): void {
    const hello = readClientHello(bytes, from, to);
    if (hello === 0) this.#keep(bytes, from, to);
    else if (typeof hello === 'number') this.#refuseHello(-hello, bytes, from);
    else this.#startTls(hello, bytes, from, to);
  }

  #startTls(hello: ClientHello, bytes: Buffer, from: number, to: number): void {
    let choice: TlsChoice | null;
    try {
      choice = this.#hall.choose(hello, this.#options);
    } catch {
      this.#refuse(alertRecord(Alert.INTERNAL_ERROR), GreetingEnd.FAILED);
      return;
    }
    if (choice === null) {
      this.#refuse(alertRecord(Alert.UNRECOGNIZED_NAME), GreetingEnd.UNKNOWN_NAME);
      return;
    }
    const plain = this.#connection;
    if (plain instanceof TlsConnection) return;
    this.#serverName = hello.serverName;
    this.#choice = choice;
    this.#awaits = 'handshake';
    const handle = plain.release();
    const tls = wrapTls(handle, choice.context);
    this.#connection = new TlsConnection(tls, handle, this);
    if (choice.asksCertificate) tls.setVerifyMode(true, false);
    tls.setALPNProtocols(choice.protocols);
    this.#connection.resume();
    tls.receive(bytes.subarray(from, to));
  }

  #enter(tls: TlsFacts | null): void {
    const connection = this.#connection;
    const greeted = { connection, tls };
    connection.ends = this.#ends;
    const accepted = { handle: connection.handle, address: this.#address, http2: this.#options.h2, greeted };
    try {
      if (tls?.alpn === HTTP2) this.#hall.enterHttp2(accepted);
      else this.#hall.enter(accepted);
    } catch {
      connection.destroy();
    }
  }

  #refuseHello(alert: number, bytes: Buffer, from: number): void {
    // Who speaks HTTP here is told so in HTTP.
    const isHttp = METHOD.test(bytes.toString('latin1', from, from + 8));
    if (isHttp) this.#refuse(PLAIN_REPLY, GreetingEnd.NOT_TLS);
    else this.#refuse(alertRecord(alert), GreetingEnd.BAD_HELLO);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    this.#begun = Buffer.copyBytesFrom(bytes, from, to - from);
  }

  #refuse(text: string, end: GreetingEnd): void {
    this.#settle(end);
    this.#connection.writeText(text);
    this.#connection.close();
  }

  #fail(end: GreetingEnd): void {
    this.#settle(end);
    this.#connection.destroy();
  }

  #settle(end: GreetingEnd | null): void {
    this.#awaits = 'nothing';
    this.#begun = null;
    this.#deadline.dispose();
    this.#hall.greetings.delete(this);
    if (end !== null) this.#hall.ended(end);
  }
}

function factsOf(tls: TlsHandle, serverName: string, choice: TlsChoice | null): TlsFacts {
  return {
    version: tls.getProtocol(),
    serverName,
    cipher: tls.getCipher().name,
    alpn: tls.getALPNNegotiatedProtocol() || '',
    resumed: tls.isSessionReused(),
    asked: choice?.asksCertificate === true,
    certificate: tls.hasPeerCertificate() ? clientCertificateOf(tls) : null,
    policy: choice?.policy ?? '',
  };
}

const HTTP2 = 'h2';
/** RFC 8737 4. */
const ACME_TLS = 'acme-tls/1';
const METHOD = /^[A-Z]{3,7}[ /]/;
const PLAIN_TEXT = '400 Bad Request: this port speaks TLS\n';
const PLAIN_REPLY = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${PLAIN_TEXT.length}\r\nConnection: close\r\n\r\n${PLAIN_TEXT}`;
