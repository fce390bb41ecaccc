import { Agent } from 'node:http';
import { connect } from 'node:net';
import { Agent as TlsAgent } from 'node:https';
import fetch, { AbortError, FetchError } from 'node-fetch';
import type { Response } from 'node-fetch';
import { failureOf } from './answers.ts';
import type { Api, ApiAnswer, ApiCall } from './api.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { searchOf } from './search.ts';

export interface HttpApiOptions {
  /** `http://host:port`, `https://host:port` or `unix:/path`. */
  readonly url: string;
  readonly token: string | null;
  /** Longest time until an answer is there, in milliseconds. */
  readonly timeoutMs: number;
  /** Certificates that an https instance is checked against, in PEM; null: those of the machine. */
  readonly ca: string | null;
}

/** The admin API of an instance, over HTTP. */
export class HttpApi implements Api {
  readonly label: string;
  readonly hasMemory = true;
  readonly #options: HttpApiOptions;
  readonly #base: string;
  readonly #agent: Agent | TlsAgent;

  /** Throws Failure for an address that is none. */
  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.label = options.url;
    const { url, ca } = options;
    if (url.startsWith('unix:')) {
      const path = url.slice('unix:'.length);
      this.#base = 'http://localhost';
      this.#agent = new Agent({ keepAlive: true });
      this.#agent.createConnection = () => connect({ path });
      return;
    }
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.pathname !== '/' || parsed.search !== '') {
      throw new Failure(EXIT.usage, `${JSON.stringify(url)} is not the address of an instance`, {
        next: 'give --url (ELB_URL) as http://host:port, https://host:port or unix:/path',
      });
    }
    if (parsed.username !== '' || parsed.password !== '') {
      throw new Failure(EXIT.usage, 'a token does not belong into an address, which others can read', {
        next: 'set ELB_ADMIN_TOKEN, or give --token-file PATH',
      });
    }
    this.#base = parsed.origin;
    this.#agent =
      parsed.protocol === 'https:'
        ? new TlsAgent({ keepAlive: true, ...(ca !== null && { ca }) })
        : new Agent({ keepAlive: true });
  }

  async call({ method, resource, query = {}, body, ifMatch, patienceMs = 0 }: ApiCall): Promise<ApiAnswer> {
    const { token, timeoutMs } = this.#options;
    const search = searchOf(query);
    const url = `${this.#base}/__erulb__/${resource}${search === '' ? '' : `?${search}`}`;
    const signal = AbortSignal.timeout(timeoutMs + patienceMs);
    try {
      const response = await fetch(url, {
        method,
        agent: this.#agent,
        // Nobody else is to see the token.
        redirect: 'manual',
        size: MAX_ANSWER_BYTES,
        signal,
        headers: {
          Accept: 'application/json',
          'User-Agent': 'elbctl',
          ...(token !== null && { Authorization: `Bearer ${token}` }),
          ...(ifMatch !== undefined && ifMatch !== null && { 'If-Match': ifMatch }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return await this.#read(response, method);
    } catch (error) {
      throw this.#failure(error, timeoutMs + patienceMs);
    }
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  async #read(response: Response, method: ApiCall['method']): Promise<ApiAnswer> {
    const { status, headers } = response;
    const text = await response.text();
    const body = method === 'HEAD' ? null : jsonOf(text);
    if (body === undefined) {
      // Somebody before the instance, or somebody else.
      throw new Failure(
        EXIT.unexpected,
        `${this.label} answers ${String(status)} with something that is no answer of ELB (${headers.get('content-type') ?? 'no type'})`,
        { next: 'give --url (ELB_URL) the address of an instance itself; is a proxy between here and there?' },
      );
    }
    if (status !== 200) throw failureOf(status, body, this.label, this.#options.token !== null);
    const revision = headers.get('elb-revision');
    return { body, tag: headers.get('etag'), revision: revision === null ? null : Number(revision) };
  }

  #failure(error: unknown, ms: number): Failure {
    if (error instanceof Failure) return error;
    if (error instanceof AbortError || (error instanceof Error && error.name === 'TimeoutError')) {
      return new Failure(EXIT.unreachable, `${this.label} has not answered within ${String(ms / 1000)} s`, {
        next: 'is it overloaded or stopped? --timeout waits longer; whether a change was made is told by elbctl diff and elbctl history',
      });
    }
    const code = error instanceof FetchError ? (error.code ?? error.type) : '';
    if (code === 'max-size') {
      return new Failure(EXIT.unexpected, `${this.label} answers more than ${String(MAX_ANSWER_BYTES)} bytes`);
    }
    const reason =
      error instanceof Error ? error.message.replace(/^request to \S+ failed, reason: /, '') : String(error);
    return new Failure(EXIT.unreachable, `${this.label} cannot be reached: ${REASONS[code] ?? reason}`, {
      next: 'does an instance listen there? --url (ELB_URL) names another; --etcd works on the store without one',
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'its name cannot be looked up now',
  ECONNRESET: 'the connection was closed before the answer',
  EACCES: 'not allowed to connect there',
  EHOSTUNREACH: 'no route leads there',
  ETIMEDOUT: 'nobody answers there',
};

const MAX_ANSWER_BYTES = 1024 ** 3;

/** Undefined: it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
