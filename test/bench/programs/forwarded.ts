import type { IncomingMessage } from 'node:http';

/** Sets what a proxy says about its client on the request that it is about to forward. */
export function setForwarded(request: IncomingMessage): void {
  Object.assign(request.headers, forwardedFields(request.socket));
}

/** What a proxy says about the client at the other end of a connection. */
export function forwardedFields({ remoteAddress = '' }: { readonly remoteAddress?: string | undefined }): Fields {
  return {
    'x-real-ip': remoteAddress,
    'x-forwarded-for': remoteAddress,
    'x-forwarded-proto': 'http',
    'remote-host': remoteAddress,
  };
}

type Fields = Readonly<Record<string, string>>;
