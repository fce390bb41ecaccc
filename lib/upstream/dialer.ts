import net from 'node:net';
import { GrpcWebConnection } from '../http2/grpc-web-connection.ts';
import type { StreamConnection } from '../http2/stream-connection.ts';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import { proxyHeader, type ProxyVersion } from '../net/proxy-header.ts';
import { SocketConnection } from '../net/socket-connection.ts';
import { TunnelSocket, type ForwardProxy } from '../net/tunnel-socket.ts';
import type { Server } from './server.ts';
import type { TlsClient } from './tls-client.ts';

/** A client whose address a server is to be told. */
export interface ClientEnd {
  /** Null where it has none, as on a Unix socket. */
  endpoints(): Endpoints | null;
}

export type HttpProtocol = 'h1' | 'h2' | 'h2c';

/** How connections to servers are made, beside TLS. Plain data. */
export interface DialWay {
  /** Null: servers are told nothing. */
  readonly proxy: ProxyVersion | null;
  /** Most streams of a session of HTTP/2; 0: HTTP/1.1 is spoken. */
  readonly maxStreams: number;
  /** Whether requests in gRPC-Web are translated. */
  readonly grpcWeb: boolean;
  /** What connections go through; null: nothing. */
  readonly via: ForwardProxy | null;
  /** After how much silence the kernel asks whether the other end is there, in milliseconds; 0: never. */
  readonly probeAfterMs: number;
}

/** HTTP/1.1 over TCP, and nothing else. */
export const PLAIN_WAY: DialWay = { proxy: null, maxStreams: 0, grpcWeb: false, via: null, probeAfterMs: 0 };

/** Makes connections to the servers of an upstream, in the way of its options. Another way is another dialer. */
export class Dialer {
  /** Null: plain. */
  readonly tls: TlsClient | null;
  readonly proxy: ProxyVersion | null;
  readonly maxStreams: number;
  readonly grpcWeb: boolean;
  readonly #way: DialWay;

  constructor(tls: TlsClient | null, way: DialWay) {
    this.tls = tls;
    this.proxy = way.proxy;
    this.maxStreams = way.maxStreams;
    this.grpcWeb = way.grpcWeb;
    this.#way = way;
  }

  /** `client`: whom the connection is made for. */
  dial(server: Server, owner: ConnectionOwner, client: ClientEnd | null): Connection {
    const header = this.proxy === null ? '' : proxyHeader(this.proxy, client?.endpoints() ?? null);
    if (this.maxStreams > 0) return this.#openStream(server, owner, header);
    const connection =
      this.tls === null ? dialPlain(server, owner, this.#way) : this.#dialTls(this.tls, server, owner, header);
    // The kernel keeps it until the connection is made.
    if (header !== '' && this.tls === null) connection.writeText(header);
    return connection;
  }

  #dialTls(client: TlsClient, server: Server, owner: ConnectionOwner, header: string): Connection {
    return new SocketConnection(this.#socketTls(client, server, header), owner, 'secureConnect');
  }

  #socketTls(client: TlsClient, server: Server, header: string): net.Socket {
    const below = header === '' && this.#way.via === null ? null : dialBelow(server, header, this.#way);
    try {
      const socket = client.connect(server, below, this.maxStreams > 0 ? 'h2' : 'http/1.1');
      return below === null ? probing(socket, this.#way) : socket;
    } catch (error) {
      below?.destroy();
      return new net.Socket().destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** A connection that is for one client only is no session for others. */
  #openStream(server: Server, owner: ConnectionOwner, header: string): Connection {
    const { tls } = this;
    const { idleMs, maxAgeMs, maxUses } = server.bounds;
    const bounds = { maxStreams: this.maxStreams, idleMs, maxAgeMs, maxUses };
    const dial = (): net.Socket =>
      tls === null ? dialBelow(server, header, this.#way) : this.#socketTls(tls, server, header);
    const open = (user: ConnectionOwner): StreamConnection =>
      header === ''
        ? server.sessions.open(user, tls !== null, bounds, dial)
        : server.sessions.openAlone(user, tls !== null, bounds, dial);
    return this.grpcWeb ? new GrpcWebConnection(owner, open) : open(owner);
  }
}

function dialPlain({ target }: Server, owner: ConnectionOwner, way: DialWay): Connection {
  const { host, port, path } = target;
  if (path !== '') return HandleConnection.dialUnix(path, owner);
  if (way.via === null && net.isIP(host) !== 0) {
    const connection = HandleConnection.dialTcp(host, port, owner);
    if (way.probeAfterMs > 0) connection.probe(way.probeAfterMs);
    return connection;
  }
  const socket =
    way.via === null
      ? probing(net.connect({ host, port, allowHalfOpen: true, noDelay: true }), way)
      : new TunnelSocket(way.via, host, port, way.probeAfterMs);
  return new SocketConnection(socket, owner, 'connect');
}

/** A socket of Node's, for what stands on one: TLS where something has to be said before it, and HTTP/2. */
function dialBelow({ target }: Server, header: string, way: DialWay): net.Socket {
  const { host, port, path } = target;
  const socket =
    way.via !== null && path === ''
      ? new TunnelSocket(way.via, host, port, way.probeAfterMs)
      : probing(net.connect(path === '' ? { host, port } : { path }), way);
  socket.setNoDelay(true);
  if (header !== '') socket.write(header, 'latin1');
  return socket;
}

function probing<T extends net.Socket>(socket: T, { probeAfterMs }: DialWay): T {
  return probeAfterMs === 0 ? socket : socket.setKeepAlive(true, probeAfterMs);
}
