import type { Plan } from '../lib/routing/plan.ts';
import type { CompileContext, RoutedRequest } from '../lib/routing/rule.ts';
import { compileTemplate } from '../lib/routing/template.ts';

/** Changes of a query's parameters. */
export interface QueryEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/**
 * Makes the changes: takes a query with its question mark, or empty, and returns one. Parameters that are not named keep their place and
 * their bytes; those that are set come last.
 */
export function queryEditor(
  { set = {}, remove = [] }: QueryEdits,
  { means, problem }: Pick<CompileContext, 'means' | 'problem'>,
): (request: RoutedRequest, plan: Plan) => string {
  const gone = new Set([...Object.keys(set), ...remove]);
  const values = Object.entries(set).map(([name, value]) => {
    // What is written between the places of values is a value, too.
    const text = value.split(/(\$\{[^}]*\}|\$\$)/).map((part, i) => (i % 2 === 0 ? encodeURIComponent(part) : part));
    const at = `/query/set/${name}`;
    return {
      name: encodeURIComponent(name),
      template: compileTemplate(text.join(''), 'query', means, (msg) => problem(at, msg)),
    };
  });
  return (request, plan) => {
    const { query } = request;
    const added = values.map(({ name, template }) => `${name}=${template.render(request, plan)}`);
    const kept =
      query === ''
        ? []
        : query
            .slice(1)
            .split('&')
            .filter((part) => part !== '' && !gone.has(nameOf(part)));
    const parts = [...kept, ...added];
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };
}

/** The name of a parameter, decoded as a form is. */
function nameOf(part: string): string {
  const equals = part.indexOf('=');
  const name = equals === -1 ? part : part.slice(0, equals);
  return /[+%]/.test(name) ? ([...new URLSearchParams(`${name}=`).keys()][0] ?? '') : name;
}
