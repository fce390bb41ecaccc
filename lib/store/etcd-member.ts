import { isIP } from 'node:net';
import { checkServerIdentity, rootCertificates } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { Etcd3, EtcdInvalidAuthTokenError, GRPCUnauthenticatedError } from 'etcd3';
import type { IDuplexStream, IOptions, IWatchRequest, IWatchResponse } from 'etcd3';
import type { EtcdAccess } from '../core/config.ts';

/** A stream of watch requests and answers, with what has to go with it when it ends. */
export interface WatchStream {
  readonly stream: IDuplexStream<IWatchRequest, IWatchResponse>;
  close(): void;
}

/**
 * One member of an etcd cluster: the calls to it, and the token that is known there.
 *
 * A connection lives until its first failure; the next call makes a new one, without anybody's back-off. A watch has a
 * connection of its own, which large reads cannot hold up.
 */
export class EtcdMember {
  /** For people: without scheme. */
  readonly name: string;
  readonly #endpoint: string;
  readonly #access: EtcdAccess;
  /** IP address that the member's certificate has to be for; null where it is a name. */
  readonly #address: string | null;
  #calls: MemberClient | null = null;
  #token: string | null = null;

  constructor(endpoint: string, access: EtcdAccess) {
    this.#endpoint = endpoint;
    this.#access = access;
    const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
    this.#address = isIP(host) === 0 ? null : host;
    this.name = endpoint.replace(/^https?:\/\//, '');
  }

  /** One call. A token that is refused is renewed, once: nothing was done then. Rejects with an error of etcd3. */
  async call<Answer>(
    service: 'KV' | 'Maintenance',
    method: string,
    request: object,
    deadline: number,
  ): Promise<Answer> {
    try {
      return await this.#try<Answer>(service, method, request, deadline);
    } catch (error) {
      if (!isStaleToken(error) || this.#access.username === null) throw error;
      this.#token = null;
      return this.#try<Answer>(service, method, request, deadline);
    }
  }

  /** Opens a stream on which only the answers of a member with a leader come. */
  async watch(deadline: number): Promise<WatchStream> {
    const token = await this.#authenticated(deadline);
    const client = new MemberClient(this.#clientOptions(), this.#address);
    try {
      const stream = await client.watchStream(token);
      return { stream, close: () => (stream.cancel(), client.close()) };
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** The token was refused where no call could be tried again. */
  forgetToken(): void {
    this.#token = null;
  }

  close(): void {
    this.#calls?.close();
    this.#calls = null;
  }

  async #try<Answer>(
    service: 'KV' | 'Maintenance',
    method: string,
    request: object,
    deadline: number,
  ): Promise<Answer> {
    const token = await this.#authenticated(deadline);
    return this.#use((client) => client.call<Answer>(service, method, request, token, deadline));
  }

  async #authenticated(deadline: number): Promise<string | null> {
    const { username, password } = this.#access;
    if (username === null || password === null) return null;
    if (this.#token !== null) return this.#token;
    const answer = await this.#use((client) => client.auth.authenticate({ name: username, password }, { deadline }));
    this.#token = answer.token;
    return answer.token;
  }

  async #use<Answer>(call: (client: MemberClient) => Promise<Answer>): Promise<Answer> {
    const client = (this.#calls ??= new MemberClient(this.#clientOptions(), this.#address));
    try {
      return await call(client);
    } catch (error) {
      if (this.#calls === client) this.close();
      throw error;
    }
  }

  #clientOptions(): IOptions {
    const { ca, cert, key } = this.#access;
    const isSecure = this.#endpoint.startsWith('https://');
    return {
      hosts: this.#endpoint,
      grpcOptions: this.#address === null ? GRPC_OPTIONS : { ...GRPC_OPTIONS, ...SERVER_NAME },
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
}

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

function isStaleToken(error: unknown): boolean {
  return error instanceof EtcdInvalidAuthTokenError || error instanceof GRPCUnauthenticatedError;
}

/** etcd3's client, down to its stubs: its own authentication opens a connection per try, which nobody closes. */
class MemberClient extends Etcd3 {
  /** `address`: what a certificate has to be for, instead of the name that is asked for. */
  constructor(options: IOptions, address: string | null) {
    super(options);
    if (address === null) return;
    // gRPC can be told how to check a certificate, but etcd3 has no option that leads there.
    const { hosts } = this.pool as unknown as { hosts: { channelCredentials: { verifyOptions?: VerifyOptions } }[] };
    for (const { channelCredentials } of hosts) {
      if (channelCredentials.verifyOptions === undefined) continue;
      channelCredentials.verifyOptions.checkServerIdentity = (_name, cert) => checkServerIdentity(address, cert);
    }
  }

  call<Answer>(
    service: 'KV' | 'Maintenance',
    method: string,
    request: object,
    token: string | null,
    deadline: number,
  ): Promise<Answer> {
    return this.pool.withConnection(service, ({ client, metadata }) => {
      if (token !== null) metadata.set('token', token);
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      // Stubs are made from etcd's protocol file at run time: no type knows their methods.
      const stub = client as unknown as Record<string, UnaryMethod<Answer>>;
      stub[method]?.call(client, request, metadata, { deadline }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer);
      });
      return promise;
    });
  }

  watchStream(token: string | null): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    return this.pool.withConnection('Watch', ({ client, metadata }) => {
      if (token !== null) metadata.set('token', token);
      metadata.set('hasleader', 'true');
      // As above.
      const stub = client as unknown as { watch(headers: unknown): IDuplexStream<IWatchRequest, IWatchResponse> };
      const stream = stub.watch(metadata);
      // Heard even while nobody else listens yet: an unheard error ends the process.
      stream.on('error', () => undefined);
      return stream;
    });
  }
}

interface VerifyOptions {
  checkServerIdentity?: (name: string, cert: PeerCertificate) => Error | undefined;
}

type UnaryMethod<Answer> = (
  request: object,
  metadata: unknown,
  options: { deadline: number },
  done: (error: Error | null, answer: Answer) => void,
) => void;
