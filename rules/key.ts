import { Recall } from '../lib/auth/recall.ts';
import { pointerStep } from '../lib/core/problem.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type RoutedRequest } from '../lib/routing/rule.ts';
import { clientOf, fieldsProperty, Identity, type FieldsArg, type NamedClient } from './identity.ts';
import { hideCookies } from './hide-cookies.ts';
import { queryEditor } from './query-edits.ts';
import { REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { readerOf, type ValueReader } from './request-value.ts';
import { Secrets, secretsProperty, type SecretsArg } from './secrets.ts';

interface Args extends RefusalArgs {
  readonly keys: SecretsArg;
  readonly header?: string;
  readonly query?: string;
  readonly cookie?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
}

/**
 * Lets in clients with an API key, and goes on to `next`.
 *
 *     {"type": "key", "args": {"keys": {"shop": "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683",
 *                                       "partner": "sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"},
 *                              "header": "X-Api-Key", "fields": {"X-Consumer": "name"}, "next": "limited"}}
 *
 * The key is the whole value of the field `header` (`X-Api-Key` if nothing else is named), the parameter `query` or the `cookie`; the first of
 * these that is there counts. Keys are kept as digests only: they have to be random, 128 bits or more. Others go to `denied`;
 * without it they are answered 401, or 403. The server gets neither the field, the parameter nor the cookie unless `remove` is false. Templates and
 * limits know the key's name as `claim.sub`: a `rate-limit` by `"${claim.sub}"` counts for each key by itself.
 */
export const key = defineRule<Args>({
  type: 'key',
  summary: 'Lets in clients with an API key.',
  args: {
    properties: {
      keys: secretsProperty('keys'),
      header: { type: 'string', pattern: FIELD_NAME, description: 'field that has the key' },
      query: { type: 'string', minLength: 1, description: 'parameter of the query that has the key' },
      cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that has the key' },
      fields: fieldsProperty('`name`, the only source,'),
      remove: {
        type: 'boolean',
        default: true,
        description: 'whether the server gets neither field, parameter nor cookie',
      },
      ...REFUSAL_PROPERTIES,
    },
    required: ['keys'],
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const { keys, query, cookie, fields = {}, remove = true } = args;
    const header = args.header ?? (query === undefined && cookie === undefined ? 'X-Api-Key' : undefined);
    const { problem } = context;
    for (const [name, source] of Object.entries(fields))
      if (source !== 'name') problem(`/fields${pointerStep(name)}`, 'is not name');
    const identity = new Identity(fields, problem);
    const secrets = new Secrets(keys, '/keys', (name) => clientOf(name, identity), problem);
    const refuse = refusalOf(args, 'ApiKey', context);
    const next = context.edge('next');
    const readers = [
      ...(header === undefined ? [] : [readerOf({ header }, context)]),
      ...(query === undefined ? [] : [readerOf({ query }, context)]),
      ...(cookie === undefined ? [] : [readerOf({ cookie }, context)]),
    ];
    const withoutKey = queryEditor({ remove: query === undefined ? [] : [query] }, context);
    const recall = new Recall<NamedClient>(context.means.coarseNow);
    const dropped = header === undefined ? [] : [header.toLowerCase()];
    return (request, plan) => {
      identity.strip(plan);
      const given = firstOf(readers, request, plan);
      if (remove) hide(request, plan);
      const client = given === null ? null : (recall.get(given) ?? clientWith(given));
      if (client === null) return refuse(plan);
      plan.set(client.fields);
      plan.claims = client.claims;
      return next;
    };

    function clientWith(given: string): NamedClient | null {
      const client = secrets.holderOf(given);
      if (client !== null) recall.put(given, client, Infinity);
      return client;
    }

    function hide(request: RoutedRequest, plan: Plan): void {
      plan.drop(dropped);
      if (cookie !== undefined) hideCookies(request, plan, cookie, isWhole);
      if (query === undefined || request.query === '') return;
      plan.query = withoutKey(request, plan);
    }
  },
});

function isWhole(rest: string): boolean {
  return rest === '';
}

function firstOf(readers: readonly ValueReader[], request: RoutedRequest, plan: Plan): string | null {
  for (const read of readers) {
    const value = read(request, plan);
    if (value !== null && value !== '') return value;
  }
  return null;
}
