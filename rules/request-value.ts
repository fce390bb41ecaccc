import { cookieValue } from '../lib/http/request-value.ts';
import { FIELD_NAME, queryValues } from '../lib/routing/names.ts';
import type { RoutedRequest } from '../lib/routing/rule.ts';

/** A value of a request, as args name it. */
export type ValueArgs =
  | 'host'
  | 'path'
  | 'method'
  | 'client'
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string };

/** Schema of `ValueArgs`. */
export const VALUE_PROPERTY = {
  oneOf: [
    { enum: ['host', 'path', 'method', 'client'] },
    named('header', FIELD_NAME),
    named('cookie', FIELD_NAME),
    named('query', '.'),
  ],
  description:
    '`"host"`, `"path"`, `"method"`, `"client"`, or an object with `header`, `cookie` or `query`, and a name',
} as const;

/** Reads the value; null where the request has none. A parameter that occurs several times counts as its first value. */
export function readerOf(value: ValueArgs): (request: RoutedRequest) => string | null {
  if (value === 'host') return ({ host }) => host;
  if (value === 'path') return (request) => request.path;
  if (value === 'method') return ({ method }) => method;
  if (value === 'client') return ({ clientAddress }) => clientAddress;
  if ('header' in value) {
    const name = value.header.toLowerCase();
    return (request) => request.field(name);
  }
  if ('cookie' in value) return (request) => cookieOf(request, value.cookie);
  return (request) => queryValues(request.query, value.query)[0] ?? null;
}

/** The value of a cookie, as it was sent, the first of that name; null without one. */
export function cookieOf(request: RoutedRequest, name: string): string | null {
  const field = request.field('cookie');
  return field === null ? null : cookieValue(field, name);
}

function named(kind: string, pattern: string): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties: { [kind]: { type: 'string', pattern } },
    required: [kind],
    additionalProperties: false,
  };
}
