import type { HttpProtocol } from '../dialer.ts';
import { defineSection } from './section.ts';

export interface HttpOptions {
  readonly protocol: HttpProtocol;
  readonly maxStreams: number;
  readonly grpcWeb: boolean;
}

interface Document {
  readonly protocol: HttpProtocol;
  readonly max_streams: number;
  readonly grpc_web: boolean;
}

/** Which HTTP is spoken to servers. */
export const http = defineSection({
  summary: 'Which HTTP is spoken to servers; worked examples are in [http2.md](http2.md).',
  properties: {
    protocol: {
      enum: ['h1', 'h2', 'h2c'],
      default: 'h1',
      description: 'HTTP/1.1, HTTP/2 over TLS (whatever `tls.enabled` says), or HTTP/2 in clear with prior knowledge',
    },
    max_streams: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 100,
      description: 'most requests at once on a connection of HTTP/2; a server may allow fewer',
    },
    grpc_web: {
      type: 'boolean',
      default: false,
      description: 'whether requests in gRPC-Web are translated for servers that speak gRPC',
    },
  },
  read(document: Document, problem): HttpOptions {
    const { protocol, max_streams: maxStreams, grpc_web: grpcWeb } = document;
    if (grpcWeb && protocol === 'h1') problem('/grpc_web', 'needs protocol h2 or h2c');
    return { protocol, maxStreams, grpcWeb };
  },
});
