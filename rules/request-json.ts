import { defineRule, type Node } from '../lib/routing/rule.ts';
import { bodyTemplate } from './body-template.ts';
import { turningAway } from './turning-away.ts';

interface Args {
  readonly set: Readonly<Record<string, unknown>>;
  readonly max_body?: number;
}

/**
 * Puts members into the JSON body of the forwarded request, and goes on to `next`.
 *
 *     {"type": "request-json", "args": {"set": {"user": "${header.X-User}", "from": {"address": "${client}"}}, "next": "orders"}}
 *
 * The body has to be an object, or a list of objects, each of which gets the members; one that it has already is replaced. Texts in `set` are
 * [templates](templates.md), whose values cannot become anything but a text. Everything else stays, numbers to their last digit. The body is
 * waited for, up to `max_body` bytes (413 beyond); an explanation supposes that it is such a one. What is not such a body, is compressed or is not there goes to `invalid`, or is answered 400.
 */
export const requestJson = defineRule<Args>({
  type: 'request-json',
  summary: 'Puts members into the JSON body of the forwarded request.',
  args: {
    properties: {
      set: { type: 'object', minProperties: 1, description: 'members, whose texts are templates' },
      max_body: {
        type: 'integer',
        minimum: 1,
        maximum: 67_108_864,
        default: 1_048_576,
        description: 'largest body in bytes',
      },
    },
    required: ['set'],
    additionalProperties: false,
  },
  edges: ['next', 'invalid'],
  compile(args, context) {
    const { set, max_body: maxBody = 1_048_576 } = args;
    const problem = (at: string, msg: string): void => context.problem(at.replace(/^\/json/, '/set'), msg);
    const { template } = bodyTemplate({ json: set }, { ...context, problem });
    const next = context.edge('next');
    const refuse = turningAway(args, 'invalid', 400, context);
    return async (request, plan): Promise<Node | null> => {
      // No body comes to an explanation.
      if (plan.isObserved) return next;
      const body = await request.body(maxBody);
      if (typeof body === 'number') {
        plan.fault = body;
        return null;
      }
      if (request.field('content-encoding') !== null) return refuse(plan, 'body is compressed');
      const members = Buffer.from(template.render(request, plan), 'latin1').toString('utf8');
      // What a template renders for JSON is an object, as `set` is.
      const merged = mergedInto(body, JSON.parse(members) as Readonly<Record<string, unknown>>);
      if (merged === null) return refuse(plan, 'body is not a JSON object or a list of them');
      plan.body = Buffer.from(merged, 'utf8');
      plan.drop(OF_THE_BYTES);
      return next;
    };
  },
});

/** JSON with the members put in; null where they cannot be. */
function mergedInto(body: Buffer, members: Readonly<Record<string, unknown>>): string | null {
  try {
    const value: unknown = JSON.parse(UTF8.decode(body), asWritten);
    const merged = Array.isArray(value) ? value.map((item) => withMembers(item, members)) : withMembers(value, members);
    return JSON.stringify(merged);
  } catch {
    return null;
  }
}

function withMembers(value: unknown, members: Readonly<Record<string, unknown>>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isRaw(value))
    throw new Error('it is no object');
  return Object.fromEntries([...Object.entries(value), ...Object.entries(members)]);
}

/** Numbers stay the text that they are: many have more digits than a double holds. */
function asWritten(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? raw(context.source) : value;
}

interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

// ES2026 (JSON.parse source text access), which the compiler's library does not list yet.
const { rawJSON: raw, isRawJSON: isRaw } = JSON as unknown as RawJson;

/** Fields that say something about the bytes of a body, and are not true of another one. */
const OF_THE_BYTES: readonly string[] = ['content-digest', 'content-md5', 'digest', 'repr-digest'];
const UTF8 = new TextDecoder('utf-8', { fatal: true });
