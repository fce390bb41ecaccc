import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type CompileContext, type RoutedRequest } from '../lib/routing/rule.ts';
import { compileTemplate } from '../lib/routing/template.ts';

interface Args {
  readonly to: string;
  readonly status?: number;
  readonly keep_path?: boolean;
  readonly keep_query?: boolean;
}

/**
 * Ends the walk by sending the client elsewhere.
 *
 *     {"type": "redirect", "args": {"to": "https://shop.test", "keep_path": true}}
 *     {"type": "redirect", "args": {"to": "/login?next=${path}", "status": 302}}
 *     {"type": "redirect", "args": {"to": "https://${host}", "keep_path": true, "status": 308}}
 *
 * `to` is a URL with scheme and host, or a path, and a [template](templates.md): what is put in stays within its segment or its parameter,
 * and only `${host}` and `${env.NAME}` can stand in the host. With `keep_path` the request's path, as the nodes before have rewritten it, follows behind
 * it; with `keep_query` its query does, unless `to` has one. 301, 302 and 303 may turn a POST into a GET, 307 and 308 do not (RFC 9110
 * 15.4).
 */
export const redirect = defineRule<Args>({
  type: 'redirect',
  summary: 'Sends the client elsewhere.',
  args: {
    properties: {
      to: { type: 'string', description: 'URL such as `https://shop.test/new`, or a path' },
      status: { enum: [301, 302, 303, 307, 308], default: 302, description: 'status of the answer' },
      keep_path: { type: 'boolean', default: false, description: "the request's path follows behind `to`" },
      keep_query: { type: 'boolean', default: true, description: "the request's query is kept" },
    },
    required: ['to'],
    additionalProperties: false,
  },
  edges: [],
  compile({ to, status = 302, keep_path: keepPath = false, keep_query: keepQuery = true }, context) {
    const { problem } = context;
    const plain = to.replaceAll(PLACE, 'x');
    const wrong = problemOf(plain, keepPath);
    if (wrong !== null) problem('/to', wrong);
    const base = placeTemplate(keepPath && to.endsWith('/') ? to.slice(0, -1) : to, context);
    const passesQuery = keepQuery && !plain.includes('?');
    return (request, plan) => {
      // The path of `OPTIONS *` is no path.
      const path = keepPath && request.path.startsWith('/') ? request.path : '';
      const start = base(request, plan);
      // Behind nothing, or behind a slash, a path of two slashes would begin with a host of the client's choice.
      const place = start === '' ? path.replace(/^[/\\]+|^$/, '/') : (start + path).replace(/^\/[/\\]+/, '/');
      plan.answer = { status, lines: `Location: ${place}${passesQuery ? request.query : ''}\r\n`, body: '' };
      return null;
    };
  },
});

/** `to` for one request: what is put in is escaped for its part of the URL. */
function placeTemplate(to: string, { means, problem }: CompileContext): (request: RoutedRequest, plan: Plan) => string {
  const [, origin = '', path = '', query = ''] = /^(https?:\/\/[^/?#]*)?([^?]*)(.*)$/s.exec(to) ?? [];
  const report = (msg: string): void => problem('/to', msg);
  const parts = [
    compileTemplate(origin, 'host', means, report),
    compileTemplate(path, 'path', means, report),
    compileTemplate(query, 'query', means, report),
  ];
  if (parts.every(({ constant }) => constant !== null)) return () => to;
  return (request, plan) => parts.map((part) => part.render(request, plan)).join('');
}

const PLACE = /\$\{[^}]*\}/g;

function problemOf(to: string, keepPath: boolean): string | null {
  if (/[^\u0021-\u007e]/.test(to)) return 'has white space, a control character or one beyond ASCII: escape it';
  if (keepPath && /[?#]/.test(to)) return 'has a query or a fragment, behind which no path can follow';
  // Two slashes would begin with another host (RFC 3986 4.2), and browsers take a backslash for a slash.
  if (to.startsWith('/')) return /^\/[/\\]/.test(to) ? 'begins with two slashes, which is another host' : null;
  const url = URL.parse(to);
  return url !== null && /^https?:$/.test(url.protocol) ? null : 'is neither a path nor a URL with http:// or https://';
}
