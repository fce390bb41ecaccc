import net from 'node:net';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import { proxyHeader, type ProxyVersion } from '../net/proxy-header.ts';
import { SocketConnection } from '../net/socket-connection.ts';
import type { Server } from './server.ts';
import type { TlsClient } from './tls-client.ts';

/** A client whose address a server is to be told. */
export interface ClientEnd {
  /** Null where it has none, as on a Unix socket. */
  endpoints(): Endpoints | null;
}

/** Makes connections to the servers of an upstream, in the way of its options. Another way is another dialer. */
export class Dialer {
  /** Null: plain. */
  readonly tls: TlsClient | null;
  /** Null: servers are told nothing. */
  readonly proxy: ProxyVersion | null;

  constructor(tls: TlsClient | null, proxy: ProxyVersion | null) {
    this.tls = tls;
    this.proxy = proxy;
  }

  /** `client`: whom the connection is made for. */
  dial(server: Server, owner: ConnectionOwner, client: ClientEnd | null): Connection {
    const header = this.proxy === null ? '' : proxyHeader(this.proxy, client?.endpoints() ?? null);
    const connection = this.tls === null ? dialPlain(server, owner) : this.#dialTls(this.tls, server, owner, header);
    // The kernel keeps it until the connection is made.
    if (header !== '' && this.tls === null) connection.writeText(header);
    return connection;
  }

  #dialTls(client: TlsClient, server: Server, owner: ConnectionOwner, header: string): Connection {
    const below = header === '' ? null : dialBelow(server, header);
    let socket: net.Socket;
    try {
      socket = client.connect(server, below);
    } catch (error) {
      below?.destroy();
      socket = new net.Socket().destroy(error instanceof Error ? error : new Error(String(error)));
    }
    return new SocketConnection(socket, owner, 'secureConnect');
  }
}

function dialPlain({ target }: Server, owner: ConnectionOwner): Connection {
  const { host, port, path } = target;
  if (path !== '') return HandleConnection.dialUnix(path, owner);
  return net.isIP(host) === 0 ? SocketConnection.dial(host, port, owner) : HandleConnection.dialTcp(host, port, owner);
}

/** What TLS stands on where something has to be said before it. */
function dialBelow({ target }: Server, header: string): net.Socket {
  const { host, port, path } = target;
  const socket = net.connect(path === '' ? { host, port } : { path });
  socket.write(header, 'latin1');
  return socket;
}
