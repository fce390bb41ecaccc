import { CLAIM_CONDITIONS, claimOf, claimsMeet, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { Verified, type Found } from '../lib/auth/verified.ts';
import { CallFailed, type Caller } from '../lib/core/caller.ts';
import { Fault } from '../lib/core/faults.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { urlProblem } from './call-url.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { readTime, timeProperty } from './time-value.ts';
import { tokenOf } from './token-source.ts';

interface Args extends RefusalArgs {
  readonly url: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly client_auth?: 'basic' | 'post';
  readonly require?: ClaimConditions;
  readonly cookie?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
  readonly timeout?: string;
  readonly cache?: string;
}

/**
 * Lets in clients with a token that its issuer says is active (RFC 7662), and goes on to `next`.
 *
 *     {"type": "introspect", "args": {"url": "https://id.example.com/introspect", "client_id": "elb", "client_secret": "s3cr3t",
 *                                     "fields": {"X-Authenticated-Userid": "sub", "X-Authenticated-Scope": "scope"},
 *                                     "require": {"scope": ["orders:read"]}, "next": "orders"}}
 *
 * The issuer is asked once for a token, and again when its answer is older than `cache` or the token's own expiry; that a token is not active
 * holds for ten seconds. Requests with one token at one time wait for one answer. An active token whose claims do not meet `require`
 * goes to `forbidden` (403 without it), anything else to `denied` (401, or 403). Where the issuer does not answer in time, or not as
 * it should, the answer is 503: nobody is let in unchecked. An explanation asks nobody, and supposes that the token is active. Templates and later nodes know what the issuer says as `claim.NAME`.
 */
export const introspect = defineRule<Args>({
  type: 'introspect',
  summary: 'Lets in clients with a token that its issuer vouches for.',
  args: {
    properties: {
      url: { type: 'string', description: "the issuer's introspection endpoint" },
      client_id: { type: 'string', minLength: 1, description: 'who asks' },
      client_secret: { type: 'string', description: 'the secret of who asks' },
      client_auth: { enum: ['basic', 'post'], default: 'basic', description: 'how the issuer is told who asks' },
      require: {
        ...CLAIM_CONDITIONS,
        description: 'values that claims, by path, may have; a list has to have one of them',
      },
      cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that may have the token' },
      fields: fieldsProperty('the claim, by path,'),
      remove: {
        type: 'boolean',
        default: false,
        description: 'whether the server does not get the Authorization field',
      },
      timeout: timeProperty('for the answer of the issuer', '2s'),
      cache: timeProperty('how long an answer holds; `0s`: for the requests that wait for it', '1m'),
      ...REFUSAL_PROPERTIES,
    },
    required: ['url'],
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { url, require = {}, cookie, fields = {}, remove = false, cache = '1m', timeout = '2s' } = args;
    const { problem, means } = context;
    const wrong = urlProblem(url);
    if (wrong !== null) problem('/url', wrong);
    if (args.client_id === undefined && args.client_secret !== undefined)
      problem('/client_id', 'is missing beside client_secret');
    const timeoutMs = readTime(timeout, '/timeout', problem);
    const cacheMs = readTime(cache, '/cache', problem);
    const identity = new Identity(fields, problem);
    const refuse = refusalOf(args, 'Bearer error="invalid_token"', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');
    const verified = context.state('introspect', null, () => new Verified<Claims | null>());
    const basis = JSON.stringify([url, args.client_id]);

    return (request, plan) => {
      identity.strip(plan);
      const token = tokenOf(request, cookie);
      if (remove) plan.drop(AUTHORIZATION);
      if (token === null) return refuse(plan);
      const key = verified.key(token, basis);
      const known = verified.get(key);
      if (known !== undefined) return end(known);
      return plan.isObserved ? next : check(token, key);

      function end(claims: Claims | null): Node | null {
        if (claims === null) return refuse(plan);
        plan.claims = claims;
        if (!claimsMeet(claims, require) || !identity.tell(plan, (path) => claimOf(claims, path))) return forbid(plan);
        return next;
      }

      async function check(given: string, as: string): Promise<Node | null> {
        try {
          return end(await verified.find(as, () => ask(args, given, { timeoutMs, cacheMs }, means.caller)));
        } catch (error) {
          means.warn('tokens cannot be introspected', error);
          plan.fault = Fault.UNVERIFIED;
          return null;
        }
      }
    };
  },
});

interface Times {
  readonly timeoutMs: number;
  readonly cacheMs: number;
}

/** What the issuer says of a token. Rejected with `CallFailed` where it says nothing that can be used. */
async function ask(
  args: Args,
  token: string,
  { timeoutMs, cacheMs }: Times,
  caller: Caller,
): Promise<Found<Claims | null>> {
  const { url, client_id: id, client_secret: secret = '', client_auth: auth = 'basic' } = args;
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
  const fields = ['Accept', 'application/json', 'Content-Type', 'application/x-www-form-urlencoded'];
  if (id !== undefined && auth === 'post') {
    form.set('client_id', id);
    form.set('client_secret', secret);
  } else if (id !== undefined) {
    // RFC 6749 2.3.1: both are encoded as in a form first.
    const pair = `${formEncoded(id)}:${formEncoded(secret)}`;
    fields.push('Authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  const { status, body } = await caller.call({
    url,
    method: 'POST',
    fields,
    body: form.toString(),
    timeoutMs,
    maxBytes: MAX_BYTES,
  });
  if (status !== 200) throw new CallFailed(`${url} answers ${status}`);
  const claims = parsed(body);
  if (claims === null) throw new CallFailed(`${url} answers what is not a JSON object with active`);
  const { exp } = claims;
  const leftMs = typeof exp === 'number' ? exp * 1000 - Date.now() : Infinity;
  const isActive = claims['active'] === true && leftMs > 0;
  return { result: isActive ? claims : null, forMs: Math.min(cacheMs, isActive ? leftMs : INACTIVE_MS) };
}

function parsed(body: Buffer): Claims | null {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('active' in value) || typeof value.active !== 'boolean')
    return null;
  return { ...value };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

const AUTHORIZATION = ['authorization'];
const INACTIVE_MS = 10_000;
const MAX_BYTES = 65_536;
