import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Sets what a proxy says about its client on the request that it is about to forward. */
export function setForwarded(request: IncomingMessage): void {
  Object.assign(request.headers, forwardedFields(request.socket, request.headers.host));
}

/** What a proxy says about the client at the other end of a connection, and about the host that it asked for. */
export function forwardedFields(client: Socket, host = ''): Readonly<Record<string, string>> {
  const address = client.remoteAddress ?? '';
  return {
    'x-real-ip': address,
    'x-forwarded-for': address,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': host,
    'remote-host': address,
  };
}
