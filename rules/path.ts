import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { compilePattern } from '../lib/routing/pattern.ts';
import { defineRule, type Node, type TestContext } from '../lib/routing/rule.ts';
import { globExpression, normalPrefix, parameterExpression, type Refused } from './path-shapes.ts';

interface Args {
  readonly pattern?: string;
  readonly exact?: string;
  readonly segment?: string;
  readonly params?: string;
  readonly glob?: string;
  readonly regex?: boolean;
  readonly rewrite?: boolean;
}

/**
 * Compares the path, without its query, with a prefix, with a regular expression, or with a shape.
 *
 *     {"type": "path", "args": {"pattern": "/api", "succ": "api", "fail": "web"}}
 *     {"type": "path", "args": {"pattern": "^/blog(/.*)$", "regex": true, "rewrite": true, "succ": "blog", "fail": "web"}}
 *     {"type": "path", "args": {"segment": "/api", "succ": "api", "fail": "web"}}
 *     {"type": "path", "args": {"params": "/users/:id/files/*file", "succ": "files", "fail": "web"}}
 *     {"type": "path", "args": {"glob": "/static/**.css", "succ": "assets", "fail": "web"}}
 *
 * | arg                      | fits                                                                                          |
 * | ------------------------ | --------------------------------------------------------------------------------------------- |
 * | `exact`: `/a`            | `/a`                                                                                          |
 * | `segment`: `/api`        | `/api`, `/api/` and `/api/x`, not `/apix`; `/` fits every path                                |
 * | `pattern`: `/api`        | whatever begins with it: `/api`, `/api/x`, `/apix`                                            |
 * | `params`: `/users/:id`   | `/users/7`, not `/users/` nor `/users/7/x`; a last `*rest` stands for all that is left         |
 * | `glob`: `/a/*.png`       | `/a/x.png`, not `/a/b/x.png`, which `/a/**.png` fits; a question mark is one character         |
 * | `pattern` with `regex`   | wherever the expression is found, with regard to case, not anchored                            |
 *
 * Expressions are those of ECMAScript that run in linear time: no look-around, no back-references, no counted repetition beyond 16.
 * What `params` and the groups of an expression find can be put into templates further on: `${param.id}` by name, also of named groups,
 * `${1}` by number.
 *
 * `rewrite` works with `regex` only. On a match the path becomes what the first group has captured, or `/` if there is no such
 * group or it took no part; a missing leading slash is added; the query stays. The second example sends `/blog/a?x=1` to the
 * server as `/a?x=1`. Nodes further on see the new path. What a group captures may be no path any more, such as half of
 * `%2F`: the request is then answered 400, since nothing can be sent that means the same to everybody.
 *
 * What is compared is the path that the server gets: unreserved characters decoded (`/%61` is `/a`), dot segments removed,
 * other escapes as they are, in upper case (`/a%2fb` is `/a%2Fb`, never `/a/b`; a blank is `%20`). Prefixes and shapes are brought into
 * the same form (`/a b` means `/a%20b`); an expression has to be written for it. `OPTIONS *` has the path `*`, and keeps it.
 */
export const path = defineRule<Args>({
  type: 'path',
  summary: 'Goes by the path, and may rewrite it.',
  args: {
    properties: {
      pattern: { type: 'string', description: 'prefix of the path, or a regular expression' },
      exact: { type: 'string', pattern: '^/', description: 'the whole path' },
      segment: { type: 'string', pattern: '^/', description: 'first segments of the path' },
      params: { type: 'string', pattern: '^/', description: 'shape of the path with parameters: `/users/:id`' },
      glob: { type: 'string', minLength: 1, description: 'shape of the path with `*`, `**` and `?`' },
      regex: { type: 'boolean', default: false, description: 'whether `pattern` is a regular expression' },
      rewrite: {
        type: 'boolean',
        default: false,
        description: 'with `regex`: whether the path becomes the first group',
      },
    },
    additionalProperties: false,
  },
  edges: ['succ', 'fail'],
  compile(args, context) {
    const succ = context.edge('succ');
    const fail = context.edge('fail');
    const question = questionOf(args, context);
    if (typeof question === 'function') return (request) => (question(request.path) ? succ : fail);
    if (args.regex === true && args.rewrite === true) return rewriting(question, succ, fail);
    return (request, plan) => {
      const match = question.exec(request.path);
      if (match === null) return fail;
      plan.capture(match);
      return succ;
    };
  },
  test(args, context) {
    if (args.rewrite === true) context.problem('/rewrite', 'changes the path, which no question inside of others can');
    const question = questionOf(args, context);
    return typeof question === 'function'
      ? (request) => question(request.path)
      : (request) => question.test(request.path);
  },
});

const KINDS = ['pattern', 'exact', 'segment', 'params', 'glob'] as const;

/** A test, or an expression that captures something. */
function questionOf(args: Args, { problem }: TestContext): ((text: string) => boolean) | RegExp {
  const asked = KINDS.filter((kind) => args[kind] !== undefined);
  if (asked.length !== 1) problem('', `needs exactly one of ${KINDS.join(', ')}`);
  const { pattern, exact, segment, params, glob, regex = false } = args;
  if (pattern === undefined && (regex || args.rewrite === true))
    problem('', 'has regex or rewrite without pattern, for which they are');
  if (exact !== undefined) {
    const whole = normalPrefix(exact);
    return (text) => text === whole;
  }
  if (segment !== undefined) return bySegments(normalPrefix(segment));
  if (params !== undefined) return byShape(parameterExpression(params), '/params', problem);
  if (glob !== undefined) return byShape(globExpression(glob), '/glob', problem);
  if (regex) return byExpression(pattern ?? '', '/pattern', problem, args.rewrite === true);
  const prefix = normalPrefix(pattern ?? '');
  return (text) => text.startsWith(prefix);
}

function bySegments(prefix: string): (text: string) => boolean {
  const trimmed = prefix.replace(/\/+$/, '');
  const { length } = trimmed;
  // A slash at the end of what begins so, or the end itself.
  return (text) =>
    text.startsWith(trimmed) && (text.length === length || text.charCodeAt(length) === SLASH || text === ASTERISK);
}

function byShape(source: string | Refused, at: string, problem: TestContext['problem']): ReturnType<typeof questionOf> {
  if (typeof source === 'string') return byExpression(source, at, problem);
  problem(at, source.msg);
  return () => false;
}

/** `isAsked`: what is found is wanted even where no group captures it. */
function byExpression(
  source: string,
  at: string,
  problem: TestContext['problem'],
  isAsked = false,
): ReturnType<typeof questionOf> {
  const pattern = compilePattern(source, { ignoreCase: false });
  if (typeof pattern === 'string') {
    problem(at, pattern);
    return () => false;
  }
  // One that matches nothing but tells how many groups there are.
  const groups = (new RegExp(`${source}|`).exec('')?.length ?? 1) - 1;
  return groups > 0 || isAsked ? pattern : (text) => pattern.test(text);
}

function rewriting(pattern: RegExp, succ: Node, fail: Node): Node['decide'] {
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
    plan.capture(match);
    plan.path = normal;
    return succ;
  };
}

const SLASH = 0x2f;
/** The path of `OPTIONS *` (RFC 9112 3.2.4). */
const ASTERISK = '*';
