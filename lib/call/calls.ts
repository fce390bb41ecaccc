import type { Agent as UndiciAgent } from 'undici';
import { CallFailed, type Call, type Caller, type CallReply } from '../core/caller.ts';

/**
 * Calls over connections that are kept, never more than `maxAtOnce` at once: where programs are slow or gone, requests that need them fail
 * in time instead of gathering. Connections and the library for them begin with the first call.
 */
export class Calls implements Caller {
  readonly #maxAtOnce: number;
  readonly #trusted: () => string | readonly string[];
  #agent: Promise<UndiciAgent> | null = null;
  #atOnce = 0;

  /** `trusted`: certificates in PEM that those of programs are checked against; asked for once, with the first call. */
  constructor(trusted: () => string | readonly string[], maxAtOnce = MAX_AT_ONCE) {
    this.#trusted = trusted;
    this.#maxAtOnce = maxAtOnce;
  }

  async call(call: Call): Promise<CallReply> {
    if (this.#atOnce >= this.#maxAtOnce) throw new CallFailed('too many calls at once');
    this.#atOnce++;
    try {
      return await this.#make(call);
    } catch (error) {
      if (error instanceof CallFailed) throw error;
      throw new CallFailed(`${new URL(call.url).origin}: ${reasonOf(error)}`, { cause: error });
    } finally {
      this.#atOnce--;
    }
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy();
  }

  async #make({ url, method, fields, body, timeoutMs, maxBytes }: Call): Promise<CallReply> {
    this.#agent ??= open(this.#trusted);
    const agent = await this.#agent;
    const { origin, pathname, search } = new URL(url);
    const signal = AbortSignal.timeout(timeoutMs);
    const reply = await agent.request({
      origin,
      path: pathname + search,
      // Any token is a method.
      method: method as 'GET',
      headers: [...fields],
      body,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const parts: Buffer[] = [];
    let length = 0;
    // Leaving the loop ends the connection.
    for await (const part of reply.body) {
      if (!(part instanceof Uint8Array)) continue;
      length += part.length;
      if (length > maxBytes) throw new CallFailed(`${origin}: the reply is larger than ${maxBytes} bytes`);
      parts.push(Buffer.from(part));
    }
    return { status: reply.statusCode, fields: fieldsOf(reply.headers), body: Buffer.concat(parts) };
  }
}

async function open(trusted: () => string | readonly string[]): Promise<UndiciAgent> {
  const ca = [trusted()].flat();
  const { Agent } = await import('undici');
  return new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
    connect: { timeout: 0, ca },
  });
}

function fieldsOf(headers: Readonly<Record<string, string | string[] | undefined>>): CallReply['fields'] {
  const fields = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) fields.set(name.toLowerCase(), Array.isArray(value) ? value : [value]);
  return fields;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'no reply in time' : error.message || error.name;
}

const MAX_AT_ONCE = 512;
/** To one origin; further calls wait for one of them, within their time. */
const CONNECTIONS = 64;
const KEEP_MS = 10_000;
const MAX_HEAD_BYTES = 32_768;
