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

/** Makes connections to the servers of an upstream, in the way of its options. Another way is another dialer. */
export class Dialer {
  /** Null: plain. */
  readonly tls: TlsClient | null;
  /** Null: servers are told nothing. */
  readonly proxy: ProxyVersion | null;
  /** Most streams of a session of HTTP/2; 0: HTTP/1.1 is spoken. */
  readonly maxStreams: number;
  /** Whether requests in gRPC-Web are translated. */
  readonly grpcWeb: boolean;
  /** What connections go through; null: nothing. */
  readonly via: ForwardProxy | null;

  constructor(
    tls: TlsClient | null,
    proxy: ProxyVersion | null,
    maxStreams = 0,
    grpcWeb = false,
    via: ForwardProxy | null = null,
  ) {
    this.tls = tls;
    this.proxy = proxy;
    this.maxStreams = maxStreams;
    this.grpcWeb = grpcWeb;
    this.via = via;
  }

  /** `client`: whom the connection is made for. */
  dial(server: Server, owner: ConnectionOwner, client: ClientEnd | null): Connection {
    const header = this.proxy === null ? '' : proxyHeader(this.proxy, client?.endpoints() ?? null);
    if (this.maxStreams > 0) return this.#openStream(server, owner, header);
    const connection =
      this.tls === null ? dialPlain(server, owner, this.via) : this.#dialTls(this.tls, server, owner, header);
    // The kernel keeps it until the connection is made.
    if (header !== '' && this.tls === null) connection.writeText(header);
    return connection;
  }

  #dialTls(client: TlsClient, server: Server, owner: ConnectionOwner, header: string): Connection {
    return new SocketConnection(this.#socketTls(client, server, header), owner, 'secureConnect');
  }

  #socketTls(client: TlsClient, server: Server, header: string): net.Socket {
    const below = header === '' && this.via === null ? null : dialBelow(server, header, this.via);
    try {
      return client.connect(server, below, this.maxStreams > 0 ? 'h2' : 'http/1.1');
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
      tls === null ? dialBelow(server, header, this.via) : this.#socketTls(tls, server, header);
    const open = (user: ConnectionOwner): StreamConnection =>
      header === ''
        ? server.sessions.open(user, tls !== null, bounds, dial)
        : server.sessions.openAlone(user, tls !== null, bounds, dial);
    return this.grpcWeb ? new GrpcWebConnection(owner, open) : open(owner);
  }
}

function dialPlain({ target }: Server, owner: ConnectionOwner, via: ForwardProxy | null): Connection {
  const { host, port, path } = target;
  if (path !== '') return HandleConnection.dialUnix(path, owner);
  if (via !== null) return new SocketConnection(new TunnelSocket(via, host, port), owner, 'connect');
  return net.isIP(host) === 0 ? SocketConnection.dial(host, port, owner) : HandleConnection.dialTcp(host, port, owner);
}

/** A socket of Node's, for what stands on one: TLS where something has to be said before it, and HTTP/2. */
function dialBelow({ target }: Server, header: string, via: ForwardProxy | null): net.Socket {
  const { host, port, path } = target;
  const socket =
    via !== null && path === ''
      ? new TunnelSocket(via, host, port)
      : net.connect(path === '' ? { host, port } : { path });
  socket.setNoDelay(true);
  if (header !== '') socket.write(header, 'latin1');
  return socket;
}
