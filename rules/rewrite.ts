import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { compilePattern } from '../lib/routing/pattern.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type CompileContext, type RoutedRequest } from '../lib/routing/rule.ts';
import { compileTemplate, type Template } from '../lib/routing/template.ts';
import { levelPath } from './level-path.ts';
import { queryEditor, type QueryEdits } from './query-edits.ts';

interface Args {
  readonly path?: string;
  readonly add_prefix?: string;
  readonly strip_prefix?: string;
  readonly pattern?: string;
  readonly to?: string;
  readonly query?: QueryEdits;
}

/**
 * Changes the path or the query of the forwarded request, and goes on to `next`. The nodes behind it see the new ones.
 *
 *     {"type": "rewrite", "args": {"strip_prefix": "/api", "next": "api"}}
 *     {"type": "rewrite", "args": {"pattern": "^/users/([0-9]+)/(.*)$", "to": "/u/$1/$2", "next": "api"}}
 *     {"type": "rewrite", "args": {"path": "/tenants/${param.tenant}/files", "next": "files"}}
 *     {"type": "rewrite", "args": {"query": {"set": {"lang": "en"}, "remove": ["utm_source"]}, "next": "web"}}
 *
 * One of `path` (replaces it), `add_prefix`, `strip_prefix` (a whole number of segments: `/api` is not a prefix of `/apis`), or `pattern`, a
 * regular expression, with `to`, in which `$1` to `$9` and `$0` are what its groups and all of it have found; a path that does not have
 * the prefix, or in which the expression is not found, stays. `path`, `add_prefix`, `to` and the parameters of `query.set` are
 * [templates](templates.md): what is put in stays within its segment or its parameter, and a segment that would be a step up answers 400. The result is brought into the normal form of paths; one that has none
 * answers 400. `query` sets and removes parameters, after the path; what it does not name stays as it was sent.
 */
export const rewrite = defineRule<Args>({
  type: 'rewrite',
  summary: 'Changes path and query of the forwarded request.',
  args: {
    properties: {
      path: { type: 'string', pattern: '^/', description: 'path instead of the one asked for' },
      add_prefix: { type: 'string', pattern: '^/.*[^/]$', description: 'put before the path: `/v2`' },
      strip_prefix: { type: 'string', pattern: '^/.*[^/]$', description: 'taken off the path: `/api`' },
      pattern: { type: 'string', description: 'regular expression that is searched in the path' },
      to: { type: 'string', description: 'what the part that `pattern` finds becomes' },
      query: {
        type: 'object',
        properties: {
          set: {
            type: 'object',
            additionalProperties: { type: 'string' },
            description: 'parameters, in place of all of their name',
          },
          remove: { type: 'array', items: { type: 'string' }, description: 'names of parameters' },
        },
        additionalProperties: false,
        description: 'changes of parameters: `set` and `remove`',
      },
    },
    dependentRequired: { pattern: ['to'], to: ['pattern'] },
    additionalProperties: false,
  },
  edges: ['next'],
  compile(args, context) {
    const next = context.edge('next');
    const change = pathChange(args, context);
    const editQuery = args.query === undefined ? null : queryEditor(args.query, context);
    return (request, plan) => {
      // The path of `OPTIONS *` is no path.
      if (change !== null && request.path.startsWith('/')) {
        const changed = change(request, plan);
        const normal = changed === null ? request.path : normalPath(changed);
        if (normal === null) {
          plan.fault = Fault.BAD_TARGET;
          return null;
        }
        plan.path = normal;
      }
      if (editQuery !== null) plan.query = editQuery(request, plan);
      return next;
    };
  },
});

/** The new path; null keeps it. */
type Change = (request: RoutedRequest, plan: Plan) => string | null;

function pathChange(args: Args, { means, problem }: CompileContext): Change | null {
  const { path, add_prefix: added, strip_prefix: stripped, pattern: source, to } = args;
  const asked = Object.entries({ path, add_prefix: added, strip_prefix: stripped, pattern: source }).filter(
    ([, value]) => value !== undefined,
  );
  if (asked.length > 1) problem('', `has ${asked.map(([name]) => name).join(' and ')}; one of them is possible`);
  if (asked.length === 0 && args.query === undefined)
    problem('', 'needs path, add_prefix, strip_prefix, pattern or query');
  if (path !== undefined) {
    const whole = templateOf('path', path);
    return (request, plan) => levelPath(whole, whole.render(request, plan));
  }
  if (added !== undefined) {
    const prefix = templateOf('add_prefix', added);
    return (request, plan) => levelPath(prefix, prefix.render(request, plan) + request.path);
  }
  if (stripped !== undefined) return (request) => withoutPrefix(request.path, stripped);
  if (source === undefined) return null;
  const pattern = compilePattern(source, { ignoreCase: false });
  // `$1` is short for `${1}`.
  const replacement = templateOf(
    'to',
    (to ?? '').replaceAll(/\$(\$|\d)/g, (_, next: string) => (next === '$' ? '$$' : `\${${next}}`)),
  );
  if (typeof pattern !== 'string') {
    return (request, plan) => {
      const match = pattern.exec(request.path);
      if (match === null) return null;
      plan.capture(match);
      return levelPath(replacement, replaced(request.path, match, replacement.render(request, plan)));
    };
  }
  problem('/pattern', pattern);
  return null;

  function templateOf(name: string, text: string): Template {
    const plain = text.replaceAll(/\$\{[^}]*\}/g, '');
    if (/[^\u0021-\u007e]|[?#]/.test(plain) || (name === 'path' && normalPath(plain) === null))
      problem(`/${name}`, 'has what cannot stand in a path: escape it, and give parameters as query');
    return compileTemplate(text, 'path', means, (msg) => problem(`/${name}`, msg));
  }
}

function withoutPrefix(path: string, prefix: string): string {
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

function replaced(path: string, match: RegExpExecArray, text: string): string {
  const whole = path.slice(0, match.index) + text + path.slice(match.index + match[0].length);
  return whole.startsWith('/') ? whole : `/${whole}`;
}
