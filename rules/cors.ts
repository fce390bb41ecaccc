import { FIELD_NAME } from '../lib/routing/names.ts';
import type { ReplyEdit } from '../lib/routing/reply-edit.ts';
import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly origins: readonly string[];
  readonly methods?: readonly string[];
  readonly headers?: readonly string[];
  readonly expose?: readonly string[];
  readonly credentials?: boolean;
  readonly max_age?: number;
  readonly private_network?: boolean;
}

/**
 * Lets pages of other origins use what is behind `next` (CORS, Fetch standard 3.2). It answers preflights by itself, and writes the fields
 * of other replies, in place of those that the server may have written; also those of errors of ELB's own, such as a 502, so that pages can tell what
 * has failed.
 *
 *     {"type": "cors", "args": {"origins": ["https://shop.test", "https://*.shop.test"], "methods": ["GET", "PUT"],
 *                               "headers": ["Content-Type"], "credentials": true, "max_age": 3600, "next": "api"}}
 *
 * An origin is `https://shop.test` (scheme, host, and the port if it is not the default), one with a star for any part of the host, `*` for
 * all, or `null`. Methods other than GET, HEAD and POST, and fields other than the few that any page may send, have to be listed; `*`
 * in `headers` allows every field. A preflight from another origin, or for what is not listed, is answered 204 without any permission, which the
 * browser takes for a no. Requests that are no preflight go on in any case: CORS tells browsers what pages may read, it keeps nobody
 * out (see `csrf`). `Vary` is written wherever the answer depends on the request. With `credentials` a page acts with the cookies of its user,
 * so `*` cannot stand among the origins then. `private_network` lets pages of the open internet in (Private Network Access).
 */
export const cors = defineRule<Args>({
  type: 'cors',
  summary: 'Lets pages of other origins use what is behind it.',
  args: {
    properties: {
      origins: { type: 'array', items: { type: 'string' }, minItems: 1, description: 'origins that are allowed' },
      methods: {
        type: 'array',
        items: { type: 'string', pattern: FIELD_NAME },
        default: ['GET', 'HEAD', 'POST'],
        description: 'methods that are allowed',
      },
      headers: {
        type: 'array',
        items: { type: 'string', pattern: FIELD_NAME },
        default: [],
        description: 'fields that pages may send, or `*`',
      },
      expose: {
        type: 'array',
        items: { type: 'string', pattern: FIELD_NAME },
        default: [],
        description: 'fields of replies that pages may read, or `*` without `credentials`',
      },
      credentials: { type: 'boolean', default: false, description: 'whether cookies and passwords are sent along' },
      max_age: {
        type: 'integer',
        minimum: 0,
        maximum: 86_400,
        description: 'seconds for which a browser keeps the answer to a preflight',
      },
      private_network: { type: 'boolean', default: false, description: 'whether pages of public networks are allowed' },
    },
    required: ['origins'],
    additionalProperties: false,
  },
  edges: ['next'],
  compile(args, { edge, problem }) {
    const next = edge('next');
    const { credentials = false, expose = [] } = args;
    const isListed = originTest(args, problem);
    const isAny = args.origins.includes('*');
    if (credentials && expose.includes('*'))
      problem('/expose', 'has *, which means nothing with credentials: list the fields');
    const lines =
      (credentials ? 'Access-Control-Allow-Credentials: true\r\n' : '') +
      (expose.length > 0 ? `Access-Control-Expose-Headers: ${expose.join(', ')}\r\n` : '');
    const anybody: ReplyEdit = { drop: OURS, lines: `Access-Control-Allow-Origin: *\r\n${lines}` };
    const nobody: ReplyEdit = { drop: OURS, lines: 'Vary: Origin\r\n' };
    const preflight = preflightLines(args);
    // Pages of one origin send many requests. What an origin is allowed depends on nothing else.
    const edits = new Map<string, ReplyEdit>();
    return (request, plan) => {
      const origin = request.field('origin');
      const edit = origin === null ? null : (edits.get(origin) ?? remember(origin));
      if (origin !== null && request.method === 'OPTIONS') {
        const method = request.field('access-control-request-method');
        if (method !== null) {
          const permission = edit === nobody ? PREFLIGHT_VARY : preflight(origin, method, request);
          plan.answer = { status: 204, lines: permission, body: '' };
          return null;
        }
      }
      plan.editReply(isAny ? anybody : (edit ?? nobody));
      return next;
    };

    function remember(origin: string): ReplyEdit {
      const edit = isListed(origin) ? editFor(origin) : nobody;
      if (edits.size >= MAX_ORIGINS) edits.clear();
      // A text of its own: the one that was sent is a part of its head, and would hold on to that.
      if (origin.length <= MAX_ORIGIN) edits.set(Buffer.from(origin, 'latin1').latin1Slice(), edit);
      return edit;
    }

    function editFor(origin: string): ReplyEdit {
      if (isAny) return anybody;
      return { drop: OURS, lines: `Access-Control-Allow-Origin: ${origin}\r\nVary: Origin\r\n${lines}` };
    }
  },
});

/** Origins that are remembered, and characters of the longest. */
const MAX_ORIGINS = 256;
const MAX_ORIGIN = 256;

/** What a preflight that is allowed is answered. */
function preflightLines(
  args: Args,
): (origin: string, method: string, request: { field(lowerName: string): string | null }) => string {
  const {
    methods = ['GET', 'HEAD', 'POST'],
    headers = [],
    credentials = false,
    private_network: isPrivate = false,
  } = args;
  const known = new Set([...methods, ...SIMPLE_METHODS]);
  const fields = new Set([...headers.map((name) => name.toLowerCase()), ...SIMPLE_FIELDS]);
  const isAnyField = headers.includes('*');
  const origins = args.origins.includes('*') ? '*' : null;
  const end =
    (credentials ? 'Access-Control-Allow-Credentials: true\r\n' : '') +
    (args.max_age === undefined ? '' : `Access-Control-Max-Age: ${args.max_age}\r\n`) +
    PREFLIGHT_VARY;
  return (origin, method, request) => {
    const asked = request.field('access-control-request-headers') ?? '';
    const names = asked
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const isGranted =
      names.length <= MAX_FIELDS &&
      names.every((name) => TOKEN.test(name) && (isAnyField || fields.has(name.toLowerCase())));
    const isPrivateAsked = request.field('access-control-request-private-network') === 'true';
    if (!known.has(method) || !isGranted || (isPrivateAsked && !isPrivate)) return PREFLIGHT_VARY;
    return (
      `Access-Control-Allow-Origin: ${origins ?? origin}\r\n` +
      `Access-Control-Allow-Methods: ${methods.join(', ')}\r\n` +
      // Where every field is allowed the answer names those that were asked for: * would leave out Authorization.
      (isAnyField ? listLine(names) : listLine(headers)) +
      (isPrivateAsked ? 'Access-Control-Allow-Private-Network: true\r\n' : '') +
      end
    );
  };
}

function listLine(names: readonly string[]): string {
  return names.length === 0 ? '' : `Access-Control-Allow-Headers: ${names.join(', ')}\r\n`;
}

/** Whether an origin is one of the list. */
function originTest(
  { origins, credentials = false }: Args,
  problem: (at: string, msg: string) => void,
): (origin: string) => boolean {
  const exact = new Set<string>();
  const wild: { readonly before: string; readonly after: string }[] = [];
  for (const [i, origin] of origins.entries()) {
    if (origin === '*' && credentials)
      problem(`/origins/${i}`, 'is *: with credentials every site could act as its visitors; list the origins');
    if (origin === '*' || origin === 'null') exact.add(origin);
    else if (!ORIGIN.test(origin))
      problem(`/origins/${i}`, 'is not an origin such as https://shop.test, https://*.shop.test or *');
    else if (origin.includes('*')) {
      const [before = '', after = ''] = origin.split('*');
      wild.push({ before, after });
    } else exact.add(origin);
  }
  return (origin) =>
    exact.has(origin) ||
    (exact.has('*') && ORIGIN_SENT.test(origin)) ||
    wild.some(
      ({ before, after }) =>
        origin.length > before.length + after.length &&
        origin.startsWith(before) &&
        origin.endsWith(after) &&
        LABELS.test(origin.slice(before.length, origin.length - after.length)),
    );
}

/** RFC 6454 6.2, in lower case as browsers send it, with at most one star in the host. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:]+\]|[a-z0-9._-]*\*?[a-z0-9._-]*)(?::\d{1,5})?$/;
const ORIGIN_SENT = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]_-]+)$/;
/** What a star stands for. */
const LABELS = /^[a-z0-9._-]+$/;
const TOKEN = new RegExp(FIELD_NAME);
/** Fetch standard 2.2.1 and 2.2.2. */
const SIMPLE_METHODS = ['GET', 'HEAD', 'POST'];
const SIMPLE_FIELDS = ['accept', 'accept-language', 'content-language', 'content-type', 'range'];
const MAX_FIELDS = 64;

const PREFLIGHT_VARY =
  'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network\r\n';
/** Fields that say what pages may do: the graph's word counts, not the server's. */
const OURS: readonly string[] = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
];
