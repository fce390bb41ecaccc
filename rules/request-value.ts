import { cookieValue } from '../lib/http/request-value.ts';
import { FIELD_NAME, firstQueryValue } from '../lib/routing/names.ts';
import type { Plan } from '../lib/routing/plan.ts';
import type { CompileContext, RoutedRequest } from '../lib/routing/rule.ts';
import { compileTemplate } from '../lib/routing/template.ts';

/** A value of a request, as args name it. */
export type ValueArgs =
  | 'host'
  | 'path'
  | 'method'
  | 'client'
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string }
  | { readonly template: string };

/** Schema of `ValueArgs`. */
export const VALUE_PROPERTY = {
  oneOf: [
    { enum: ['host', 'path', 'method', 'client'] },
    named('header', FIELD_NAME, 'value of the field of this name'),
    named('cookie', FIELD_NAME, 'value of the cookie of this name'),
    named('query', '.', 'first parameter of this name in the query, decoded'),
    named('template', '.', 'what this template says'),
  ],
  description:
    '`"host"`, `"path"`, `"method"`, `"client"`, or an object with `header`, `cookie` or `query` and a name, or with a `template`',
} as const;

/** Reads a value of a request. */
export type ValueReader = (request: RoutedRequest, plan: Plan) => string | null;

/** Reads the value; null where the request has none. A parameter that occurs several times counts as its first value. */
export function readerOf(value: ValueArgs, context: CompileContext): ValueReader {
  if (value === 'host') return ({ host }) => host;
  if (value === 'path') return (request) => request.path;
  if (value === 'method') return ({ method }) => method;
  if (value === 'client') return ({ clientAddress }) => clientAddress;
  if ('header' in value) {
    const name = value.header.toLowerCase();
    return (request) => request.field(name);
  }
  if ('cookie' in value) return (request) => cookieOf(request, value.cookie);
  if ('query' in value) return (request) => firstQueryValue(request.query, value.query);
  const { means, problem } = context;
  const { render } = compileTemplate(value.template, 'text', means, (msg) => problem('', `has a template that ${msg}`));
  return (request, plan) => {
    const text = render(request, plan);
    return text === '' ? null : text;
  };
}

/** The value of a cookie, as it was sent, the first of that name; null without one. */
export function cookieOf(request: RoutedRequest, name: string): string | null {
  const field = request.field('cookie');
  return field === null ? null : cookieValue(field, name);
}

function named(kind: string, pattern: string, description: string): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties: { [kind]: { type: 'string', pattern, description } },
    required: [kind],
    additionalProperties: false,
  };
}
