import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import type { Answer } from '../lib/routing/plan.ts';
import { exactJson, exactNumber } from '../lib/routing/exact-json.ts';
import { defineRule, type BranchReply, type Node } from '../lib/routing/rule.ts';
import { edgeTarget } from '../lib/routing/edges.ts';
import { branchBody, branchPlan, MAX_BODY_PROPERTY, METHOD_PROPERTY, type BranchArgs } from './branch-request.ts';
import { fieldsOf } from './backend-fields.ts';
import { readTime, timeProperty } from './time-value.ts';

interface RouteArgs extends BranchArgs {
  readonly to?: string | null;
  readonly name?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

interface Args {
  readonly routes: readonly RouteArgs[];
  readonly merge?: 'array' | 'object';
  readonly partial?: boolean;
  readonly timeout?: string;
  readonly max_body?: number;
  readonly max_reply?: number;
}

/**
 * Ends the walk with one JSON answer made of the replies of several routes, which are asked at the same time.
 *
 *     {"type": "aggregate", "args": {"merge": "object", "routes": [
 *       {"name": "user", "path": "/users/1", "to": "users"},
 *       {"name": "orders", "path": "/orders", "headers": {"X-Limit": 10}, "to": "orders"}]}}
 *
 * Each route goes on with the request from the node `to`, as if it were the only one, with another `method`, `path` and further fields where
 * they are given, and with the body if `body` is true; its graph may have nodes of all kinds in it, and ends in an upstream or in an
 * answer. Replies are read up to `max_reply` bytes, and have to be JSON with a status from 200 to 299.
 *
 * With `"merge": "array"` the answer is a list of them in the order of `routes`; with `object` each stands under its `name`, and without a name the
 * members of its own object do, of equal ones the last. Replies stand in it as they came, each number as it was written. A route fails by another status, by what is no JSON, or by not coming to an end within
 * `timeout`; then the request goes to `failed`, or to `invalid` where what is no JSON is the only reason, and is answered 503 where these lead nowhere. With
 * `partial` a route that fails is null in a list, and left out of an object, and this holds only if all fail. An explanation tells the way of each, and asks none of them.
 */
export const aggregate = defineRule<Args>({
  type: 'aggregate',
  summary: 'Answers with the replies of several routes together.',
  args: {
    properties: {
      routes: {
        type: 'array',
        minItems: 1,
        maxItems: 32,
        items: {
          type: 'object',
          properties: {
            to: { type: ['string', 'null'], description: 'name of the next node; without it the answer is 403' },
            name: { type: 'string', minLength: 1, description: 'member of the object that the answer is' },
            method: METHOD_PROPERTY,
            path: { type: 'string', description: "path instead of the request's" },
            headers: { type: 'object', description: 'fields that are set for this route' },
            body: { type: 'boolean', description: 'whether this route gets the body' },
          },
          additionalProperties: false,
        },
        description:
          'each has `to`, the name of the next node, and may have `name`, `method`, `path`, `headers` and `body`',
      },
      merge: { enum: ['array', 'object'], default: 'array', description: 'what the answer is' },
      partial: { type: 'boolean', default: false, description: 'whether some of the routes may fail' },
      timeout: timeProperty('for all of the routes', '10s'),
      max_body: MAX_BODY_PROPERTY,
      max_reply: {
        type: 'integer',
        minimum: 1,
        maximum: 16_777_216,
        default: 1_048_576,
        description: 'largest reply of a route, in bytes',
      },
    },
    required: ['routes'],
    additionalProperties: false,
  },
  edges: ['failed', 'invalid'],
  moreEdges: ({ routes }) => routes.map((_, i) => `routes/${i}/to`),
  compile(args, { edge, problem }) {
    const { routes, merge = 'array', partial = false, timeout = '10s', max_reply: maxBytes = 1_048_576 } = args;
    const timeoutMs = readTime(timeout, '/timeout', problem);
    const ways = routes.map((route, i) => {
      const at = `/routes/${i}`;
      if (route.path !== undefined && normalPath(route.path) === null)
        problem(`${at}/path`, 'is not a path that could be sent');
      if (route.name !== undefined && merge === 'array') problem(`${at}/name`, 'is for an object; a list has no names');
      const fields = fieldsOf(route.headers ?? {}, { problem: (below, msg) => problem(`${at}/headers${below}`, msg) });
      return { route, fields, to: edge(`routes/${i}/to`) };
    });
    const failed = edgeTarget({ ...args }, 'failed') === null ? null : edge('failed');
    const invalid = edgeTarget({ ...args }, 'invalid') === null ? failed : edge('invalid');
    const needsBody = routes.some(({ body }) => body === true);

    return async (request, plan): Promise<Node | null> => {
      const body = await branchBody(request, plan, needsBody, args.max_body);
      if (typeof body === 'number') {
        plan.fault = body;
        return null;
      }
      const replies = await Promise.all(
        ways.map(({ route, fields, to }) => {
          const own = branchPlan(request, plan, route, body);
          if (route.path !== undefined) own.path = route.path;
          own.set(fields);
          return request.branch(to, own, { timeoutMs, maxBytes });
        }),
      );
      if (plan.isObserved) {
        plan.answer = NOTHING;
        return null;
      }
      const texts = replies.map((reply) => jsonOf(reply));
      const lost = texts.filter((text) => typeof text !== 'string');
      const isWhole = lost.length === 0 || (partial && lost.length < texts.length);
      const text = isWhole ? merged(texts, routes, merge) : null;
      if (text !== null) {
        plan.answer = { status: 200, lines: 'Content-Type: application/json\r\n', body: text };
        return null;
      }
      const way = lost.includes(undefined) ? failed : invalid;
      if (way === null) plan.fault = Fault.ROUTES_FAILED;
      return way;
    };
  },
});

/** What a route has said; undefined if it has failed, `NO_JSON` if it has said something else. */
type Said = string | undefined | typeof NO_JSON;

function jsonOf({ status, body }: BranchReply): Said {
  if (status < 200 || status > 299) return undefined;
  try {
    const text = UTF8.decode(body);
    JSON.parse(text);
    return text.trim();
  } catch {
    return NO_JSON;
  }
}

/**
 * Replies stand in the answer as they were said, so that no number is another one and nothing is too deep to be written. Null where one
 * without a name is no object, or one that cannot be taken apart.
 */
function merged(texts: readonly Said[], routes: readonly RouteArgs[], merge: 'array' | 'object'): string | null {
  if (merge === 'array') return bytesOf(`[${texts.map((text) => (typeof text === 'string' ? text : 'null')).join()}]`);
  const members = new Map<string, string>();
  for (const [i, text] of texts.entries()) {
    const name = routes[i]?.name;
    if (typeof text !== 'string') continue;
    if (name !== undefined) members.set(name, text);
    else if (!spreads(text, members)) return null;
  }
  return bytesOf(`{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`);
}

/** Puts the members of an object among others; false if it is none. */
function spreads(text: string, members: Map<string, string>): boolean {
  try {
    const value = exactJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || exactNumber(value) !== null)
      return false;
    for (const [name, own] of Object.entries(value)) members.set(name, JSON.stringify(own));
    return true;
  } catch {
    // Nested deeper than can be taken apart.
    return false;
  }
}

function bytesOf(json: string): string {
  return Buffer.from(`${json}\n`, 'utf8').toString('latin1');
}

/** What an explanation says, which asks none of the routes. */
const NOTHING: Answer = { status: 200, lines: 'Content-Type: application/json\r\n', body: '' };
/** A reply that is no JSON. */
const NO_JSON = Symbol('no JSON');
const UTF8 = new TextDecoder('utf-8', { fatal: true });
