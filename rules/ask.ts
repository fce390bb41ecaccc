import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { KnownBody } from '../lib/routing/known-body.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { edgeTarget } from '../lib/routing/edges.ts';
import { compileTemplate } from '../lib/routing/template.ts';
import { branchBody, branchPlan, MAX_BODY_PROPERTY, METHOD_PROPERTY, type BranchArgs } from './branch-request.ts';
import { FieldTemplates } from './field-templates.ts';
import { levelPath } from './level-path.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args extends BranchArgs {
  readonly name: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly timeout?: string;
  readonly max_body?: number;
  readonly max_reply?: number;
}

/**
 * Asks something first, and goes on to `next` with the reply as values of [templates](templates.md): `${asked.NAME.status}`, `${asked.NAME.body}` and, where
 * that is JSON, its members: `${asked.NAME.body.user.id}`, `${asked.NAME.body.items.0}`.
 *
 *     {"type": "ask", "args": {"name": "user", "path": "/users/${query.id}", "to": "users", "next": "orders"}}
 *     {"type": "ask", "args": {"name": "orders", "path": "/orders", "query": "of=${asked.user.body.id}", "to": "orders-service", "next": "answer"}}
 *     {"type": "respond", "args": {"json": {"name": "${asked.user.body.name}", "last": "${asked.orders.body.0.id|none}"}}}
 *
 * The request goes on from the node `to` as if it were the only one, with another `method`, `path`, `query` and further fields where they are
 * given, and with the body if `body` is true; without it a request becomes a GET. What the client wants of its own reply (`Range`, `If-None-Match`, ...) is not
 * asked for, and a value that would be a step up in `path` (`..`) is answered 400. What comes of that is not sent to the client: it is kept, for this
 * request alone, up to `max_reply` bytes of its body. Values are escaped for where they go; those of a reply that was not asked for are not there.
 * A name that no `ask` of a domain's graph has is refused with the document; a shared graph may use what was asked before it, and a graph that
 * includes others what was asked in them.
 *
 * A status other than 200 to 299 goes to `failed`, where its values are known, too; so does no reply within `timeout`, or one that is larger, of which
 * nothing is known. Where `failed` leads nowhere the answer is 503. An explanation tells the way of the question, and asks nobody.
 */
export const ask = defineRule<Args>({
  type: 'ask',
  summary: 'Asks a route first, and keeps what it has replied as values.',
  args: {
    properties: {
      name: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'what its values are called by' },
      method: METHOD_PROPERTY,
      path: { type: 'string', description: "path instead of the request's, a template" },
      query: { type: 'string', description: "query instead of the request's, without question mark, a template" },
      headers: { type: 'object', description: 'fields that are set for it, templates' },
      body: { type: 'boolean', default: false, description: 'whether it gets the body' },
      timeout: timeProperty('for its reply', '10s'),
      max_body: MAX_BODY_PROPERTY,
      max_reply: {
        type: 'integer',
        minimum: 1,
        maximum: 1_048_576,
        default: 10_240,
        description: 'largest body of its reply, in bytes',
      },
    },
    required: ['name'],
    additionalProperties: false,
  },
  edges: ['to', 'next', 'failed'],
  asks: ({ name }) => name,
  compile(args, context) {
    const { name, timeout = '10s', max_reply: maxReply = 10_240, headers = {} } = args;
    const { edge, problem, means } = context;
    const timeoutMs = readTime(timeout, '/timeout', problem);
    const path =
      args.path === undefined ? null : compileTemplate(args.path, 'path', means, (msg) => problem('/path', msg));
    if (args.path?.startsWith('/') === false) problem('/path', 'does not begin with a slash');
    if (path !== null && path.constant !== null && normalPath(path.constant) === null)
      problem('/path', 'is not a path that could be sent');
    const query =
      args.query === undefined ? null : compileTemplate(args.query, 'query', means, (msg) => problem('/query', msg));
    if (query !== null && query.constant !== null && !QUERY.test(query.constant))
      problem('/query', 'has a character that no query has');
    const fields = new FieldTemplates(headers, '/headers', context);
    const to = edge('to');
    const next = edge('next');
    const failed = edgeTarget({ ...args }, 'failed') === null ? null : edge('failed');

    /** Null: there is no such path. */
    const planOf = (request: RoutedRequest, plan: Plan, sent: Buffer): Plan | null => {
      const own = branchPlan(request, plan, args, sent);
      if (path !== null) own.path = normalPath(levelPath(path, path.render(request, plan)));
      if (path !== null && own.path === null) return null;
      if (query !== null) own.query = `?${query.render(request, plan)}`;
      own.set(fields.for(request, plan));
      return own;
    };

    return async (request, plan): Promise<Node | null> => {
      const sent = await branchBody(request, plan, args.body === true, args.max_body);
      if (typeof sent === 'number') {
        plan.fault = sent;
        return null;
      }
      const own = planOf(request, plan, sent);
      if (own === null) {
        plan.fault = Fault.BAD_TARGET;
        return null;
      }
      const reply = await request.branch(to, own, { timeoutMs, maxBytes: maxReply + MOST_HEAD_BYTES });
      if (plan.isObserved) return next;
      const isKept = reply.status !== 0 && reply.body.length <= maxReply;
      // Bytes of its own: what it came in is larger.
      if (isKept) plan.keepReply(name, reply.status, new KnownBody(Buffer.from(reply.body)));
      if (isKept && reply.status >= 200 && reply.status <= 299) return next;
      if (failed === null) plan.fault = Fault.ROUTES_FAILED;
      return failed;
    };
  },
});

const MOST_HEAD_BYTES = 65_536;
const QUERY = /^[\u0021-\u0022\u0024-\u007e]*$/;
