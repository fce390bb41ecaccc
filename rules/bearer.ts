import { basicOf, bearerOf } from '../lib/auth/credentials.ts';
import { Recall } from '../lib/auth/recall.ts';
import { pointerStep } from '../lib/core/problem.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { clientOf, fieldsProperty, Identity, type FieldsArg, type NamedClient } from './identity.ts';
import { REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { Secrets, secretsProperty, type SecretsArg } from './secrets.ts';

interface Args extends RefusalArgs {
  readonly tokens: SecretsArg;
  readonly as_password?: boolean;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
}

/**
 * Lets in clients with a token that was given to them (RFC 6750), and goes on to `next`.
 *
 *     {"type": "bearer", "args": {"tokens": {"deploy": "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"},
 *                                 "fields": {"X-Client": "name"}, "next": "api"}}
 *
 * The client says `Authorization: Bearer TOKEN`; with `as_password` also Basic with the token as password and `x` or nothing as user, as
 * browsers and tools do that know nothing else. Tokens are kept as digests only: they have to be random, 128 bits or more. Others go to
 * `denied`; without it they are answered 401. The server gets no Authorization field unless `remove` is false. Templates and
 * limits know the token's name as `claim.sub`.
 */
export const bearer = defineRule<Args>({
  type: 'bearer',
  summary: 'Lets in clients with a token.',
  args: {
    properties: {
      tokens: secretsProperty('tokens'),
      as_password: { type: 'boolean', default: false, description: 'whether the token may come as password of Basic' },
      fields: fieldsProperty('`name`, the only source,'),
      remove: {
        type: 'boolean',
        default: true,
        description: 'whether the server does not get the Authorization field',
      },
      ...REFUSAL_PROPERTIES,
    },
    required: ['tokens'],
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const { tokens, as_password: asPassword = false, fields = {}, remove = true } = args;
    const { problem } = context;
    for (const [name, source] of Object.entries(fields))
      if (source !== 'name') problem(`/fields${pointerStep(name)}`, 'is not name');
    const identity = new Identity(fields, problem);
    const secrets = new Secrets(tokens, '/tokens', (name) => clientOf(name, identity), problem);
    const refuse = refusalOf(args, asPassword ? 'Basic' : 'Bearer', context);
    const next = context.edge('next');
    const recall = new Recall<NamedClient>(context.means.coarseNow);
    return (request, plan) => {
      identity.strip(plan);
      const field = request.field('authorization');
      if (remove) plan.drop(AUTHORIZATION);
      if (field === null) return refuse(plan);
      const client = recall.get(field) ?? clientWith(field);
      if (client === null) return refuse(plan);
      plan.set(client.fields);
      plan.claims = client.claims;
      return next;
    };

    function clientWith(field: string): NamedClient | null {
      const token = bearerOf(field) ?? (asPassword ? passwordOf(field) : null);
      const client = token === null ? null : secrets.holderOf(token);
      if (client !== null) recall.put(field, client, Infinity);
      return client;
    }
  },
});

function passwordOf(field: string): string | null {
  const given = basicOf(field);
  return given !== null && (given.user === '' || given.user === 'x') ? given.password : null;
}

const AUTHORIZATION = ['authorization'];
