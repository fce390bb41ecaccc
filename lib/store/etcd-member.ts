import { isIP } from 'node:net';
import type { IDuplexStream, IWatchRequest } from 'etcd3';
import type { EtcdAccess } from '../core/config.ts';
import type { EtcdStub, MemberClient } from './etcd-client.ts';

/** A stream of watch requests and of the bytes of the answers, with what has to go with it when it ends. */
export interface WatchStream {
  readonly stream: IDuplexStream<IWatchRequest, Buffer>;
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

  /**
   * One call. A token that is refused is renewed, once: nothing was done then. `decode` reads the answer; null: the library does. Rejects
   * with an error of etcd3.
   */
  async call<Answer>(
    service: EtcdStub,
    method: string,
    request: object,
    deadline: number,
    decode: ((bytes: Buffer) => Answer) | null = null,
  ): Promise<Answer> {
    const attempt = async (): Promise<Answer> => {
      const token = await this.#authenticated(deadline);
      return this.#use((client) => client.call<Answer>(service, method, request, token, deadline, decode));
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(await clients()).isStaleToken(error) || this.#access.username === null) throw error;
      this.#token = null;
      return attempt();
    }
  }

  /** Keeps a lease for its time from now; resolves with that in seconds, 0 if the lease is gone. */
  async keepAlive(lease: string, deadline: number): Promise<number> {
    const token = await this.#authenticated(deadline);
    return this.#use((client) => client.keepAlive(lease, token, deadline));
  }

  /** Opens a stream on which only the answers of a member with a leader come. */
  async watch(deadline: number): Promise<WatchStream> {
    const token = await this.#authenticated(deadline);
    const { MemberClient: Client } = await clients();
    const client = new Client(this.#endpoint, this.#access, this.#address);
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

  async #authenticated(deadline: number): Promise<string | null> {
    const { username, password } = this.#access;
    if (username === null || password === null) return null;
    if (this.#token !== null) return this.#token;
    const answer = await this.#use((client) => client.auth.authenticate({ name: username, password }, { deadline }));
    this.#token = answer.token;
    return answer.token;
  }

  async #use<Answer>(call: (client: MemberClient) => Promise<Answer>): Promise<Answer> {
    const { MemberClient: Client } = await clients();
    const client = (this.#calls ??= new Client(this.#endpoint, this.#access, this.#address));
    try {
      return await call(client);
    } catch (error) {
      if (this.#calls === client) this.close();
      throw error;
    }
  }
}

/** etcd3 is loaded at the first call: a start from the snapshot does not wait for it. */
export const clients = () => import('./etcd-client.ts');
