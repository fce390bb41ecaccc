import { checkServerIdentity, rootCertificates } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import {
  Etcd3,
  EtcdInvalidAuthTokenError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
} from 'etcd3';
import type { IDuplexStream, IOptions, IWatchRequest } from 'etcd3';
import type { EtcdAccess } from '../core/config.ts';

/** Largest answer that is taken; pages are cut to it, watches fragmented. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  // Connections, and their back-off, are shared by all clients of the process otherwise.
  'grpc.use_local_subchannel_pool': 1,
  // A proxy for the web is none for a store.
  'grpc.enable_http_proxy': 0,
};

/** What is asked for where a member has an address only: TLS has no place for one (RFC 6066 3), and Node refuses it. */
const SERVER_NAME = { 'grpc.ssl_target_name_override': 'etcd.invalid' };

/** etcd3's circuit breaker and retries are not wanted: `follow` decides when to try again. */
const PASS_THROUGH = {
  execute: async (call: (context: { signal: AbortSignal }) => unknown) =>
    call({ signal: new AbortController().signal }),
  // etcd3 calls nothing but `execute`; the rest of cockatiel's interface is its events.
} as unknown as NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** The token is not known where it was shown. */
export function isStaleToken(error: unknown): boolean {
  return error instanceof EtcdInvalidAuthTokenError || error instanceof GRPCUnauthenticatedError;
}

export type EtcdStub = 'KV' | 'Lease' | 'Maintenance';

/** etcd3's client, down to its stubs: its own authentication opens a connection per try, which nobody closes. */
export class MemberClient extends Etcd3 {
  /** `address`: what a certificate has to be for, where the endpoint has no name. */
  constructor(endpoint: string, access: EtcdAccess, address: string | null) {
    super(clientOptions(endpoint, access, address));
    if (address === null) return;
    // gRPC can be told how to check a certificate, but etcd3 has no option that leads there.
    const { hosts } = this.pool as unknown as { hosts: { channelCredentials: { verifyOptions?: VerifyOptions } }[] };
    for (const { channelCredentials } of hosts) {
      if (channelCredentials.verifyOptions === undefined) continue;
      channelCredentials.verifyOptions.checkServerIdentity = (_name, cert) => checkServerIdentity(address, cert);
    }
  }

  /** `decode`: reads the answer; null: the library does. */
  call<Answer>(
    service: EtcdStub,
    method: string,
    request: object,
    token: string | null,
    deadline: number,
    decode: ((bytes: Buffer) => Answer) | null,
  ): Promise<Answer> {
    return this.pool.withConnection(service, ({ client, metadata }) => {
      if (token !== null) metadata.set('token', token);
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      // Stubs are made from etcd's protocol file at run time: no type knows their methods.
      const stub = client as unknown as Record<string, UnaryMethod | undefined>;
      const { path, requestSerialize, responseDeserialize } = stub[method] ?? missing(method);
      const read = decode ?? responseDeserialize;
      client.makeUnaryRequest(path, requestSerialize, read, request, metadata, { deadline }, (error, answer) => {
        if (error !== null) reject(error);
        // Without `decode` the caller says what the protocol file makes of it.
        else resolve(answer as Answer);
      });
      return promise;
    });
  }

  keepAlive(lease: string, token: string | null, deadline: number): Promise<number> {
    return this.pool.withConnection('Lease', ({ client, metadata }) => {
      if (token !== null) metadata.set('token', token);
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      // As above.
      const stub = client as unknown as { leaseKeepAlive(headers: unknown, options: object): KeepAliveStream };
      const stream = stub.leaseKeepAlive(metadata, { deadline });
      stream.on('data', ({ TTL }) => resolve(Number(TTL)));
      stream.on('error', reject);
      stream.on('end', () => reject(new Error('the stream has ended')));
      stream.write({ ID: lease });
      // Heard even after its one answer: an unheard error ends the process.
      return promise.finally(() => stream.on('error', () => undefined).cancel());
    });
  }

  /** Answers come as they are, not decoded. */
  watchStream(token: string | null): Promise<IDuplexStream<IWatchRequest, Buffer>> {
    return this.pool.withConnection('Watch', ({ client, metadata }) => {
      if (token !== null) metadata.set('token', token);
      metadata.set('hasleader', 'true');
      // As above.
      const { path, requestSerialize } = (client as unknown as { readonly watch: StreamMethod }).watch;
      const stream = client.makeBidiStreamRequest<IWatchRequest, Buffer>(path, requestSerialize, AS_IT_IS, metadata);
      // Heard even while nobody else listens yet: an unheard error ends the process.
      stream.on('error', () => undefined);
      return stream;
    });
  }
}

type KeepAliveStream = IDuplexStream<{ readonly ID: string }, { readonly TTL: string }>;

interface VerifyOptions {
  checkServerIdentity?: (name: string, cert: PeerCertificate) => Error | undefined;
}

const AS_IT_IS = (bytes: Buffer): Buffer => bytes;

interface StreamMethod {
  readonly path: string;
  readonly requestSerialize: (request: object) => Buffer;
}

interface UnaryMethod extends StreamMethod {
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

function missing(method: string): never {
  throw new Error(`etcd's protocol has no ${method}`);
}

function clientOptions(endpoint: string, { ca, cert, key }: EtcdAccess, address: string | null): IOptions {
  const isSecure = endpoint.startsWith('https://');
  return {
    hosts: endpoint,
    grpcOptions: address === null ? GRPC_OPTIONS : { ...GRPC_OPTIONS, ...SERVER_NAME },
    faultHandling: { host: () => PASS_THROUGH, global: PASS_THROUGH },
    ...(isSecure && {
      credentials: {
        rootCertificate: ca ?? Buffer.from(rootCertificates.join('\n')),
        ...(key !== null && { privateKey: key }),
        ...(cert !== null && { certChain: cert }),
      },
    }),
  };
}

/** The revision that was asked for is compacted, or in the future. */
export function isCompacted(error: unknown): boolean {
  return error instanceof GRPCOutOfRangeError;
}

/** The answer is larger than what is taken. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof GRPCResourceExhastedError;
}
