import { FIELD_NAME } from '../lib/routing/names.ts';
import { defineRule, type RoutedRequest } from '../lib/routing/rule.ts';
import { turningAway } from './turning-away.ts';
import { cookieOf } from './request-value.ts';
import { sameText } from './same-text.ts';

interface Args {
  readonly origins?: readonly string[];
  readonly token?: { readonly cookie: string; readonly header: string };
  readonly strict?: boolean;
}

/**
 * Keeps pages of other sites from acting as their visitors: requests that may change something have to come from a page of this host. Those
 * that do go on to `next`, the others to `denied`, or they are answered 403.
 *
 *     {"type": "csrf", "args": {"next": "shop"}}
 *     {"type": "csrf", "args": {"origins": ["https://login.test"], "token": {"cookie": "csrf", "header": "X-CSRF-Token"}, "next": "shop"}}
 *
 * GET, HEAD, OPTIONS and TRACE go on: they change nothing (RFC 9110 9.2.1), and graphs and servers have to keep to that. Any other request
 * goes on if the browser says that it comes from the same origin or from its user (`Sec-Fetch-Site`), or, where it does not say, if
 * `Origin` has the host that is asked for, or is one of `origins`. A request with neither field comes from no browser of the last years; it
 * goes on unless `strict`. With `token` a cookie and a field have to say the same besides, which a page of another site cannot bring about.
 */
export const csrf = defineRule<Args>({
  type: 'csrf',
  summary: 'Keeps pages of other sites from acting as their visitors.',
  args: {
    properties: {
      origins: {
        type: 'array',
        items: { type: 'string', pattern: '^https?://[^/]+$' },
        default: [],
        description: 'other origins that may send such requests: `https://login.test`',
      },
      token: {
        type: 'object',
        properties: {
          cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that has the token' },
          header: { type: 'string', pattern: FIELD_NAME, description: 'field that has to say the same' },
        },
        required: ['cookie', 'header'],
        additionalProperties: false,
        description: 'a `cookie` and a `header` whose values have to be the same',
      },
      strict: { type: 'boolean', default: false, description: 'whether requests without an origin are refused' },
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const next = context.edge('next');
    const refuse = turningAway(args, 'denied', 403, context);
    const { origins = [], token, strict = false } = args;
    const trusted = new Set(origins.map((origin) => origin.toLowerCase()));
    const tokenField = token?.header.toLowerCase() ?? '';
    return (request, plan) => {
      if (SAFE.has(request.method)) return next;
      if (!isFromHere(request, trusted, strict)) return refuse(plan, 'the request comes from a page of another site');
      if (token === undefined) return next;
      const sent = request.field(tokenField);
      const kept = cookieOf(request, token.cookie);
      const isSame = sent !== null && kept !== null && kept !== '' && sameText(sent, kept);
      return isSame ? next : refuse(plan, `${token.header} and the cookie ${token.cookie} are not the same`);
    };
  },
});

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function isFromHere(request: RoutedRequest, trusted: ReadonlySet<string>, strict: boolean): boolean {
  const site = request.field('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return true;
  const origin = request.field('origin');
  if (origin !== null && trusted.has(origin.toLowerCase())) return true;
  if (site !== null) return false;
  if (origin === null) return !strict;
  // Behind a proxy that ends TLS the scheme is not known here; the host is.
  const host = request.field('host');
  const at = origin.indexOf('://');
  return host !== null && at !== -1 && origin.slice(at + 3).toLowerCase() === host.toLowerCase();
}
