import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { compilePattern } from '../lib/routing/pattern.ts';
import { defineRule, type CompileContext, type Node } from '../lib/routing/rule.ts';

interface Args {
  readonly pattern: string;
  readonly regex?: boolean;
  readonly rewrite?: boolean;
}

/**
 * Compares the path, without its query, with a prefix or with a regular expression.
 *
 *     {"type": "path", "args": {"pattern": "/api", "succ": "api", "fail": "web"}}
 *     {"type": "path", "args": {"pattern": "^/blog(/.*)$", "regex": true, "rewrite": true, "succ": "blog", "fail": "web"}}
 *
 * A prefix knows no segments: `/api` matches `/api`, `/api/x` and `/apix`. An expression is searched, with regard to case,
 * and not anchored. Expressions are those of ECMAScript that run in linear time: no look-around, no back-references, no
 * counted repetition beyond 16.
 *
 * `rewrite` works with `regex` only. On a match the path becomes what the first group has captured, or `/` if there is no such
 * group or it took no part; a missing leading slash is added; the query stays. The second example sends `/blog/a?x=1` to the
 * server as `/a?x=1`. Nodes further on see the new path. What a group captures may be no path any more, such as half of
 * `%2F`: the request is then answered 400, since nothing can be sent that means the same to everybody.
 *
 * What is compared is the path that the server gets: unreserved characters decoded (`/%61` is `/a`), dot segments removed,
 * other escapes as they are, in upper case (`/a%2fb` is `/a%2Fb`, never `/a/b`; a blank is `%20`). A prefix is brought into
 * the same form (`/a b` means `/a%20b`); an expression has to be written for it. `OPTIONS *` has the path `*`, and keeps it.
 */
export const path = defineRule<Args>({
  type: 'path',
  summary: 'Goes by the path, and may rewrite it.',
  args: {
    properties: {
      pattern: { type: 'string', description: 'prefix of the path, or a regular expression' },
      regex: { type: 'boolean', default: false, description: 'whether `pattern` is a regular expression' },
      rewrite: {
        type: 'boolean',
        default: false,
        description: 'with `regex`: whether the path becomes the first group',
      },
    },
    required: ['pattern'],
    additionalProperties: false,
  },
  edges: ['succ', 'fail'],
  compile({ pattern, regex = false, rewrite = false }, context) {
    if (regex) return byExpression(pattern, rewrite, context);
    const succ = context.edge('succ');
    const fail = context.edge('fail');
    const prefix = normalPrefix(pattern);
    return (request) => (request.path.startsWith(prefix) ? succ : fail);
  },
});

function byExpression(source: string, rewrite: boolean, { edge, problem }: CompileContext): Node['decide'] {
  const succ = edge('succ');
  const fail = edge('fail');
  const pattern = compilePattern(source, { ignoreCase: false });
  if (typeof pattern === 'string') {
    problem('/pattern', pattern);
    return () => fail;
  }
  if (!rewrite) return (request) => (pattern.test(request.path) ? succ : fail);
  return (request, plan) => {
    const match = pattern.exec(request.path);
    if (match === null) return fail;
    if (request.path === ASTERISK) return succ;
    const captured = match[1] ?? '/';
    const normal = normalPath(captured.startsWith('/') ? captured : `/${captured}`);
    if (normal === null) {
      plan.fault = Fault.BAD_TARGET;
      return null;
    }
    plan.path = normal;
    return succ;
  };
}

/** The path of `OPTIONS *` (RFC 9112 3.2.4). */
const ASTERISK = '*';

/** A prefix as it occurs in normal paths; it need not be a whole path, nor end with a whole escape. */
function normalPrefix(pattern: string): string {
  return pattern.replaceAll(/[^!$-;=@-[\]^-~]/gu, escapeOf).replaceAll(/%[0-9a-f]{2}/gi, normalEscape);
}

/** RFC 3986 2.5: escapes of the character's bytes in UTF-8. */
function escapeOf(char: string): string {
  return Buffer.from(char, 'utf8').toString('hex').replaceAll(/../g, '%$&');
}

/** As `normalPath` has it. */
function normalEscape(escape: string): string {
  const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[\w.~-]/.test(char) ? char : escape.toUpperCase();
}
