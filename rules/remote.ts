import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { edgeTarget } from '../lib/routing/edges.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { refusedName } from './backend-fields.ts';
import { urlProblem } from './call-url.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args {
  readonly url: string;
  readonly timeout?: string;
  readonly body?: boolean;
  readonly max_body?: number;
  readonly max_reply?: number;
  readonly failed?: string | null;
}

/**
 * Has another program look at the request, change it or answer it, and goes on to `next`.
 *
 *     {"type": "remote", "args": {"url": "http://127.0.0.1:9100/filter", "timeout": "300ms", "body": true, "next": "app"}}
 *
 * The program gets a POST of JSON: `{"request": {"realIP", "method", "scheme", "host", "path", "query", "fragment", "proto", "header": {"X-A": ["1"]}, "body"}}`,
 * the query without question mark, the body in base64, empty unless `body` is true. A body beyond `max_body` is answered 413.
 *
 * Its answer with a status from 200 to 299 may have `request` in the same shape: `method`, `path`, `query`, `header` and `body` replace
 * what they name, what is not there stays; a `header` is whole, fields that are missing in it are not forwarded. Fields of the connection
 * and of the framing stay ELB's. It may have `response` with `statusCode` (200 to 599), `header` and `body`: then that is what the client
 * gets, at once; so it does, as an answer without fields and body, with a status of 205 and no response.
 *
 * No answer in time, any other status, more than `max_reply` bytes, or what cannot be used: the request goes to `failed`, or is answered 503.
 * An explanation asks nobody, and supposes that the program changes nothing.
 */
export const remote = defineRule<Args>({
  type: 'remote',
  summary: 'Has another program decide about the request, and edit it.',
  args: {
    properties: {
      url: { type: 'string', description: 'the program' },
      timeout: timeProperty('for its answer', '1s'),
      body: { type: 'boolean', default: false, description: 'whether it gets the body' },
      max_body: {
        type: 'integer',
        minimum: 0,
        maximum: 67_108_864,
        default: 65_536,
        description: 'largest body that it gets, in bytes',
      },
      max_reply: {
        type: 'integer',
        minimum: 1,
        maximum: 67_108_864,
        default: 196_608,
        description: 'largest answer that it may give, in bytes',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  edges: ['next', 'failed'],
  compile(args, context) {
    const { url, timeout = '1s', body = false, max_body: maxBody = 65_536, max_reply: maxBytes = 196_608 } = args;
    const { problem, means } = context;
    const wrong = urlProblem(url);
    if (wrong !== null) problem('/url', wrong);
    const timeoutMs = readTime(timeout, '/timeout', problem);
    const next = context.edge('next');
    const failed = edgeTarget({ ...args }, 'failed') === null ? null : context.edge('failed');

    return async (request, plan) => {
      if (plan.isObserved) return next;
      const sent = body ? await request.body(maxBody) : NO_BODY;
      if (typeof sent === 'number') {
        plan.fault = sent;
        return null;
      }
      try {
        const text = JSON.stringify({ request: described(request, sent) });
        const reply = await means.caller.call({
          url,
          method: 'POST',
          fields: JSON_FIELDS,
          body: text,
          timeoutMs,
          maxBytes,
        });
        if (reply.status < 200 || reply.status > 299) throw new Error(`${url} answers ${reply.status}`);
        return obey(reply.status, reply.body, request, plan);
      } catch (error) {
        means.warn('a remote node has failed', error);
        if (failed !== null) return failed;
        plan.fault = Fault.REMOTE_FAILED;
        return null;
      }
    };

    /** All of the answer is understood before any of it is done. */
    function obey(status: number, body_: Buffer, request: RoutedRequest, plan: Plan): Node | null {
      const said = body_.length === 0 ? {} : objectOf(JSON.parse(body_.toString('utf8')), 'the answer');
      const response =
        said['response'] === undefined || said['response'] === null ? null : responseOf(said['response']);
      const edits =
        said['request'] === undefined || said['request'] === null ? null : editsOf(said['request'], request);
      if (response !== null || status === 205) {
        plan.answer = response ?? { status: 200, lines: '', body: '' };
        return null;
      }
      if (edits !== null) apply(edits, plan);
      return next;
    }
  },
});

interface Edits {
  readonly method: string | null;
  readonly path: string | null;
  readonly query: string | null;
  readonly set: readonly string[];
  readonly drop: readonly string[];
  readonly body: Buffer | null;
}

function described(request: RoutedRequest, body: Buffer): object {
  const header: Record<string, readonly string[]> = {};
  for (const name of request.fieldNames()) header[name] = [toldValue(request, name)];
  return {
    realIP: request.clientAddress,
    method: request.method,
    scheme: request.tls === null ? 'http' : 'https',
    host: request.host,
    path: request.path,
    query: request.query.slice(1),
    fragment: '',
    proto: 'HTTP/1.1',
    header,
    body: body.toString('base64'),
  };
}

function editsOf(value: unknown, request: RoutedRequest): Edits {
  const { method = null, path = null, query = null, header = null, body = null } = objectOf(value, 'request');
  if (method !== null && !(typeof method === 'string' && TOKEN.test(method))) throw new Error('method is no token');
  if (query !== null && !(typeof query === 'string' && QUERY.test(query))) throw new Error('query is none');
  const fields = header === null ? null : fieldsOf(header, 'header');
  const named = new Set(fields?.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const drop =
    fields === null
      ? []
      : request.fieldNames().filter((name) => !named.has(name) && refusedName(name) === null && name !== 'host');
  return {
    method: method === request.method ? null : method,
    path: path === null || path === request.path ? null : pathOf(path),
    query: query === null ? null : query === '' ? '' : `?${query}`,
    // What the program has left as it was told goes on as it came, bytes, lines and all.
    set: fields === null ? [] : changedOf(fields, request),
    drop,
    body: body === null || body === '' ? null : bytesOf(body),
  };
}

/** A field as the program is told it. */
function toldValue(request: RoutedRequest, lowerName: string): string {
  return Buffer.from(request.field(lowerName) ?? '', 'latin1').toString('utf8');
}

/** Names and values in turn, without those fields whose one value is the one that was told. */
function changedOf(fields: readonly string[], request: RoutedRequest): readonly string[] {
  const values = new Map<string, string[]>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i]?.toLowerCase() ?? '';
    values.set(name, [...(values.get(name) ?? []), fields[i + 1] ?? '']);
  }
  const isSame = (name: string): boolean => {
    const [value, ...others] = values.get(name) ?? [];
    const isThere = request.field(name) !== null && others.length === 0;
    return isThere && value === Buffer.from(toldValue(request, name), 'utf8').toString('latin1');
  };
  return fields.filter((_, i) => !isSame(fields[i - (i % 2)]?.toLowerCase() ?? ''));
}

function apply({ method, path, query, set, drop, body }: Edits, plan: Plan): void {
  if (method !== null) plan.method = method;
  if (path !== null) plan.path = path;
  if (query !== null) plan.query = query;
  if (body !== null) plan.body = body;
  plan.drop(drop);
  plan.set(set);
}

function responseOf(value: unknown): Plan['answer'] {
  const { statusCode = 200, header = {}, body = '' } = objectOf(value, 'response');
  if (typeof statusCode !== 'number' || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599)
    throw new Error('statusCode is not from 200 to 599');
  const fields = fieldsOf(header, 'header');
  let lines = '';
  for (let i = 0; i + 1 < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`;
  const bytes = statusCode === 204 || statusCode === 304 ? '' : bytesOf(body).latin1Slice();
  return { status: statusCode, lines, body: bytes };
}

/** Names and values in turn, of those that are not the connection's. */
function fieldsOf(value: unknown, what: string): string[] {
  const fields: string[] = [];
  for (const [name, said] of Object.entries(objectOf(value, what))) {
    if (!TOKEN.test(name)) throw new Error(`${what} has a name that is none`);
    if (refusedName(name) !== null) continue;
    const values: readonly unknown[] = Array.isArray(said) ? said : [said];
    for (const one of values) {
      if (typeof one !== 'string' || CONTROL.test(one)) throw new Error(`${what} has a value that is none`);
      fields.push(name, Buffer.from(one, 'utf8').toString('latin1'));
    }
    if (name.toLowerCase() === 'host' && values.length > 1) throw new Error('header has more than one Host');
  }
  return fields;
}

/** A path in normal form. */
function pathOf(value: unknown): string {
  const path = typeof value === 'string' && PATH.test(value) ? normalPath(value) : null;
  if (path === null) throw new Error('path is none');
  return path;
}

function bytesOf(value: unknown): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new Error('body is not base64');
  return Buffer.from(value, 'base64');
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return { ...value };
}

const NO_BODY = Buffer.alloc(0);
const JSON_FIELDS = ['Content-Type', 'application/json', 'Accept', 'application/json'];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PATH = /^\/[\u0021-\u0022\u0024-\u003e\u0040-\u007e]*$/;
const QUERY = /^[\u0021-\u0022\u0024-\u007e]*$/;
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
