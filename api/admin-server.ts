import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Log } from '../lib/core/log.ts';
import { StoreError } from '../lib/store/store.ts';
import { Access, CHALLENGES } from './access.ts';
import type { AccessOptions } from './access.ts';
import { readJson } from './body.ts';
import { BrowserGuard } from './browser-guard.ts';
import { createServer } from './http.ts';
import { readIfMatch } from './if-match.ts';
import { readParameters } from './parameters.ts';
import type { AdminMethod, AdminMethodName, AdminParts, AdminRequest, JsonAnswer, Page, Resource } from './resource.ts';
import { sendParts } from './send-parts.ts';

export interface AdminServerOptions {
  readonly parts: AdminParts;
  readonly resources: readonly Resource[];
  readonly access: AccessOptions & {
    /** Names under which browsers may call without a token. */ readonly hosts: readonly string[];
  };
  readonly log: Log;
}

/**
 * Answers the admin API inside the primary, on a Unix socket only the workers know. They forward every request below
 * `/__erulb__/` there, with the address of its TCP peer in `X-Elb-Peer`, which replaces whatever the client sent.
 */
export class AdminServer {
  readonly #parts: AdminParts;
  readonly #resources: ReadonlyMap<string, Resource>;
  readonly #access: Access;
  readonly #guard: BrowserGuard;
  readonly #log: Log;
  readonly #server: Server;
  #isRetired = false;

  constructor(options: AdminServerOptions) {
    this.#parts = options.parts;
    this.#resources = new Map(options.resources.map((resource) => [resource.name, resource]));
    this.#access = new Access(options.access);
    const { hosts, tokens } = options.access;
    this.#guard = new BrowserGuard({ hosts, hasTokens: tokens.length > 0 });
    this.#log = options.log;
    // The workers keep the bounds of time and of the head; theirs are options, these only must not be narrower.
    const bounds = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 600_000, maxHeaderSize: 2 * 1024 * 1024 };
    this.#server = createServer(bounds, (request, response) => void this.#serve(request, response));
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path }, resolve);
    });
  }

  /** Takes no more connections and ends those that are idle, so that whoever asks again asks our successor. */
  retire(): void {
    this.#isRetired = true;
    this.#server.close();
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request);
      if (!request.complete || this.#isRetired) answer.headers.set('Connection', 'close');
      await send(request, response, answer);
    } catch (error) {
      if (response.destroyed || (request.destroyed && !request.complete)) return; // the caller left
      this.#log.error({ err: error, method: request.method, url: request.url }, 'admin call failed');
      if (response.headersSent) response.destroy();
      else await send(request, response, failure(500, 'internal error'));
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const [, name, part, search = ''] = PATH.exec(request.url ?? '') ?? [];
    const named = name === undefined ? undefined : this.#resources.get(name);
    const resource = part === undefined || named?.hasParts === true ? named : undefined;

    const peer = String(request.headers['x-elb-peer'] ?? '');
    const isProbe = resource?.forProbes === true && this.#access.mayProbe(peer);
    const admission = this.#access.check(peer, request.headers.authorization);
    const isOpen = isProbe || (resource?.withoutToken === true && admission.refusal === 401);
    const refusal = isOpen ? 0 : admission.refusal;
    if (refusal === 403) return failure(403, 'not allowed from this address');
    // A load balancer learns no more than whether we are healthy, whatever it looks like.
    const unmeant = isProbe ? null : this.#guard.refusal(request.method ?? '', request.headers);
    if (unmeant !== null) return failure(403, unmeant);
    if (refusal === 401) return failure(401, 'a token is needed').with('WWW-Authenticate', CHALLENGES);

    if (resource === undefined) return failure(404, 'no such resource');

    const method = methodOf(resource, request.method ?? '');
    if (method === null) return failure(405, 'method not allowed').with('Allow', allowOf(resource));

    const query = readParameters(method.parameters ?? {}, search);
    if (query.problems.length > 0) return failure(400, 'bad parameters', query.problems);

    const ifMatch = readIfMatch(request.headers['if-match']);
    if (ifMatch === undefined) return failure(400, 'If-Match must be "*" or a list of entity tags');

    let body: unknown;
    if (method.takesBody) {
      const read = await readJson(request);
      if (read.kind === 'bad') {
        return failure(read.bad.status, read.bad.msg, [{ at: read.bad.at, msg: read.bad.msg }]);
      }
      body = read.value;
    } else request.resume();
    const by = { address: peer, token: admission.token };
    const { accept } = request.headers;
    return this.#call(
      method,
      { ...this.#parts, by, ifMatch, query: query.values, accept, part: part ?? '', body },
      request.headers['if-none-match'],
    );
  }

  /** `known`: the If-None-Match field. */
  async #call(method: AdminMethod, request: AdminRequest, known: string | undefined): Promise<Answer> {
    try {
      const answer = await method.handle(request);
      if ('page' in answer) return pageAnswer(answer.page, known);
      if (answer.status === 200) return success(answer);
      return failure(answer.status, answer.msg, answer.problems, answer.more);
    } catch (error) {
      if (error instanceof StoreError) return failure(503, error.message);
      throw error;
    }
  }
}

/** A resource, perhaps a part of it, perhaps a query. */
const PATH = /^\/__erulb__\/(\w+)(?:\/([\w.-]*))?(?:\?(.*))?$/;

class Answer {
  readonly status: number;
  readonly page: Page;
  readonly headers = new Map<string, string | readonly string[]>();

  constructor(status: number, page: Page) {
    this.status = status;
    this.page = page;
  }

  with(name: string, value: string | readonly string[]): this {
    this.headers.set(name, value);
    return this;
  }
}

function success({ body, tag, revision }: JsonAnswer): Answer {
  const answer = new Answer(200, pageOf(body));
  if (tag !== undefined) answer.with('ETag', `"${tag}"`);
  return revision === undefined ? answer : answer.with('Elb-Revision', String(revision));
}

/** A page, or 304 where the client has it (RFC 9110 13.1.2). */
function pageAnswer(page: Page, known: string | undefined): Answer {
  const { tag, headers = {} } = page;
  const isKnown = tag !== undefined && (readIfMatch(known?.replaceAll('W/', '')) ?? []).includes(tag);
  const answer = isKnown ? new Answer(304, { ...page, parts: [] }) : new Answer(200, page);
  for (const [name, value] of Object.entries(headers)) answer.with(name, value);
  // Kept, and asked for again each time: after an upgrade there is another one.
  return tag === undefined ? answer : answer.with('ETag', `"${tag}"`).with('Cache-Control', 'no-cache');
}

function failure(status: number, msg: string, problems: readonly unknown[] = [{ at: '', msg }], more = {}): Answer {
  return new Answer(status, pageOf({ msg, ...more, problems }));
}

function pageOf(body: unknown): Page {
  return { type: 'application/json', parts: [`${JSON.stringify(body)}\n`] };
}

/** One part at a turn, so that a page of a million lines keeps nobody else waiting. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, page }: Answer,
): Promise<void> {
  response.statusCode = status;
  response.setHeader('Content-Type', page.type);
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of FOR_BROWSERS) response.setHeader(name, value);
  for (const [name, value] of headers) response.setHeader(name, value);
  if (Array.isArray(page.parts) && status !== 304)
    response.setHeader('Content-Length', Buffer.byteLength(page.parts.join('')));
  if (!request.complete) request.resume();
  if (request.method === 'HEAD' || status === 304) response.end();
  else await sendParts(response, page.parts);
}

/** What is answered here is data: no page may show it as its own, run it or look into it, and no link tells where it was. */
const FOR_BROWSERS = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
] as const;

/** HEAD is answered like GET, without the body (RFC 9110 9.3.2). */
function methodOf(resource: Resource, name: string): AdminMethod | null {
  // Names come from the request: only own members count.
  const key = (name === 'HEAD' ? 'GET' : name) as AdminMethodName;
  return Object.hasOwn(resource.methods, key) ? (resource.methods[key] ?? null) : null;
}

function allowOf(resource: Resource): string {
  return Object.keys(resource.methods)
    .flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
    .join(', ');
}
