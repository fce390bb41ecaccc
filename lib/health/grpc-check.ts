import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TunnelSocket, type ForwardProxy } from '../net/tunnel-socket.ts';
import type { GrpcCheckOptions } from '../upstream/options/checks.ts';
import { reasonOf, Verdict, verdictOf, type Check, type CheckOwner, type CheckPlace, type CheckTls } from './check.ts';

/**
 * Calls `grpc.health.v1.Health/Check` (github.com/grpc/grpc, doc/health-checking.md): passed while it answers SERVING.
 *
 *     message HealthCheckRequest { string service = 1; }
 *     message HealthCheckResponse { enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
 *                                   ServingStatus status = 1; }
 *
 * The HTTP/2 connection is kept for the next time. Two messages of one field each need no library of 5 MB.
 */
export class GrpcCheck implements Check {
  readonly #authority: string;
  readonly #place: CheckPlace;
  readonly #tls: CheckTls;
  readonly #request: Buffer;
  #session: ClientHttp2Session | null = null;
  #stream: ClientHttp2Stream | null = null;
  #owner: CheckOwner | null = null;
  /** The session has carried a check before. */
  #reused = false;

  constructor({ service, host }: GrpcCheckOptions, place: CheckPlace, tls: CheckTls) {
    this.#place = place;
    this.#tls = tls;
    this.#request = frame(healthCheckRequest(service));
    this.#authority = host ?? `${place.name}:${place.port}`;
  }

  begin(owner: CheckOwner): void {
    this.#owner = owner;
    this.#reused = this.#session !== null;
    this.#ask((this.#session ??= this.#connect()));
  }

  abandon(): void {
    this.#owner = null;
    this.#drop();
  }

  close(): void {
    this.abandon();
  }

  #connect(): ClientHttp2Session {
    const { host, port, via = null } = this.#place;
    const address = host.includes(':') ? `[${host}]` : host;
    const scheme = this.#tls === null ? 'http' : 'https';
    const session = connect(`${scheme}://${address}:${port}`, {
      ...this.#tls,
      ALPNProtocols: ['h2'],
      ...(via === null ? {} : { createConnection: () => this.#through(via) }),
    });
    // The control plane's end does not wait for kept connections.
    session.unref();
    session.on('error', (error) => this.#lost(session, reasonOf(error)));
    session.on('close', () => this.#lost(session, 'closed'));
    session.on('goaway', () => this.#lost(session, 'going away'));
    return session;
  }

  #through(via: ForwardProxy): Socket {
    const { host, port } = this.#place;
    const socket = new TunnelSocket(via, host, port);
    return this.#tls === null ? socket : connectTls({ ...this.#tls, ALPNProtocols: ['h2'], socket });
  }

  #ask(session: ClientHttp2Session): void {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_AUTHORITY]: this.#authority,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.#stream = stream;
    const parts: Buffer[] = [];
    let grpcStatus: string | null = null;
    let status = 0;
    stream.on('response', (fields) => {
      status = Number(fields[':status']);
      grpcStatus = String(fields['grpc-status'] ?? '') || null;
    });
    stream.on('trailers', (fields) => (grpcStatus = String(fields['grpc-status'] ?? '') || grpcStatus));
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', () => undefined); // `close` follows
    stream.on('close', () => {
      if (this.#stream !== stream) return;
      this.#stream = null;
      // A session that ends tells its reason itself.
      if (status === 0 && session.destroyed) return;
      if (status === 0) this.#lost(session, 'reset');
      else if (status !== 200) this.#finish(Verdict.FAIL, `status ${status}`);
      else if (grpcStatus !== '0') this.#finish(Verdict.FAIL, grpcReason(grpcStatus));
      else this.#judge(servingStatus(Buffer.concat(parts)));
    });
    stream.end(this.#request);
  }

  #judge(status: number | null): void {
    if (status === SERVING) this.#finish(Verdict.PASS, 'serving');
    else this.#finish(Verdict.FAIL, status === null ? 'malformed reply' : (STATUS_NAMES[status] ?? `status ${status}`));
  }

  /** The connection is of no use any more. A check under way on a kept one is begun again, on a new one it has failed. */
  #lost(session: ClientHttp2Session, reason: string): void {
    if (this.#session !== session) return;
    this.#drop();
    if (this.#owner === null) return;
    if (this.#reused) this.begin(this.#owner);
    else this.#finish(verdictOf(reason), reason);
  }

  #finish(verdict: number, reason: string): void {
    const owner = this.#owner;
    this.#owner = null;
    owner?.onChecked(verdict, reason);
  }

  #drop(): void {
    const session = this.#session;
    this.#session = null;
    this.#stream = null;
    session?.destroy();
  }
}

const SERVING = 1;
const STATUS_NAMES: Readonly<Record<number, string>> = { 0: 'unknown', 2: 'not serving', 3: 'service unknown' };

/** `UNIMPLEMENTED` is what a server without the health service says, `NOT_FOUND` one that does not know this service. */
function grpcReason(status: string | null): string {
  const name = { '5': 'service unknown', '12': 'no health service', '14': 'unavailable' }[status ?? ''];
  return name ?? (status === null ? 'no gRPC reply' : `gRPC status ${status}`);
}

/** A message behind its prefix: not compressed, length in four bytes (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Field 1, length-delimited; an empty name is left out. Names of up to 127 bytes have a length of one byte. */
function healthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/** The enum in field 1 of the only message; left out means 0. Null: not such a message. */
function servingStatus(bytes: Buffer): number | null {
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5) return null;
  const message = bytes.subarray(5);
  if (message.length === 0) return 0;
  const value = message[1] ?? 0xff;
  return message.length === 2 && message[0] === 0x08 && value < 0x80 ? value : null;
}
