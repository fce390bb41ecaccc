import { hash } from 'node:crypto';
import { CLAIM_CONDITIONS, claimOf, claimsMeet, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { KeySet } from '../lib/auth/key-set.ts';
import {
  checkToken,
  PAIR_ALGORITHMS,
  SECRET_ALGORITHMS,
  type JSONWebKeySet,
  type TokenKeys,
} from '../lib/auth/token-check.ts';
import { Verified } from '../lib/auth/verified.ts';
import { NO_CALLS } from '../lib/core/caller.ts';
import { Fault } from '../lib/core/faults.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { defineRule, type CompileContext, type Node } from '../lib/routing/rule.ts';
import { urlProblem } from './call-url.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { tokenOf } from './token-source.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args extends RefusalArgs {
  readonly jwks_url?: string;
  readonly jwks?: JSONWebKeySet;
  readonly public_key?: string;
  readonly secret?: string;
  readonly secret_encoding?: 'text' | 'hex' | 'base64';
  readonly algorithms?: readonly string[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly require?: ClaimConditions;
  readonly clock_skew?: string;
  readonly max_age?: string;
  readonly without_expiry?: boolean;
  readonly cookie?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
  readonly cache?: string;
}

/**
 * Lets in clients with a signed token (JWT, RFC 7519), and goes on to `next`.
 *
 *     {"type": "jwt", "args": {"jwks_url": "https://id.example.com/.well-known/jwks.json", "issuer": "https://id.example.com", "audience": "shop",
 *                              "fields": {"X-User": "sub", "X-Roles": "realm_access.roles"}, "next": "shop"}}
 *     {"type": "jwt", "args": {"secret": "313233343536", "secret_encoding": "hex", "algorithms": ["HS256"], "cookie": "auth", "next": "api"}}
 *
 * Keys come from one of `jwks_url`, `jwks`, `public_key` (PEM, also of a certificate) and `secret`. Those of a URL are fetched when first
 * needed and then every ten minutes; a token of a key that is not among them has them fetched again, but no more than once in
 * ten seconds; while they cannot be fetched the last ones hold for a day. Without `algorithms` all of the keys' kind are good: RS, PS, ES and EdDSA, or with
 * a `secret` HS. A token with `none` is never good.
 *
 * The token is the value of `cookie`, if one is named and sent, else of `Authorization: Bearer`. It has to have an expiry, unless `without_expiry`; `issuer`
 * and `audience`, where given, have to be among its own. A good token whose claims do not meet `require` goes to `forbidden` (403 without
 * it), everything else to `denied` (401). Where keys cannot be had the answer is 503. A good token is not checked again for `cache`, or until it
 * expires. Templates and later nodes know its claims as `claim.NAME`.
 */
export const jwt = defineRule<Args>({
  type: 'jwt',
  summary: 'Lets in clients with a signed token.',
  args: {
    properties: {
      jwks_url: { type: 'string', description: 'where the issuer publishes its keys' },
      jwks: {
        type: 'object',
        properties: { keys: { type: 'array', items: { type: 'object' }, minItems: 1 } },
        required: ['keys'],
        description: 'the keys themselves, as a JSON Web Key Set',
      },
      public_key: { type: 'string', description: 'the key, or a certificate with it, in PEM' },
      secret: { type: 'string', minLength: 1, description: 'a secret that the issuer knows as well' },
      secret_encoding: { enum: ['text', 'hex', 'base64'], default: 'text', description: 'how `secret` is written' },
      algorithms: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { enum: [...SECRET_ALGORITHMS, ...PAIR_ALGORITHMS] },
        description: 'algorithms that tokens may be signed by',
      },
      issuer: { ...TEXTS(), description: 'issuers whose tokens are good; without it any' },
      audience: { ...TEXTS(), description: 'audiences that tokens may be for; without it any' },
      require: {
        ...CLAIM_CONDITIONS,
        description: 'values that claims, by path, may have; a list has to have one of them',
      },
      clock_skew: timeProperty('how far the clocks of issuer and worker may differ', '0s'),
      max_age: timeProperty('greatest age of a token, whatever its expiry; `0s`: any', '0s'),
      without_expiry: { type: 'boolean', default: false, description: 'whether tokens are good that never expire' },
      cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that may have the token' },
      fields: fieldsProperty('the claim, by path,'),
      remove: {
        type: 'boolean',
        default: false,
        description: 'whether the server does not get the Authorization field',
      },
      cache: timeProperty('how long a good token is not checked again; `0s`: it is checked for each request', '1m'),
      ...REFUSAL_PROPERTIES,
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { require = {}, cookie, fields = {}, remove = false, cache = '1m', max_age: maxAge = '0s' } = args;
    const { clock_skew: skew = '0s', without_expiry: withoutExpiry = false, secret } = args;
    const { problem, means } = context;
    const keys = keysOf(args, context);
    const possible: readonly string[] = secret === undefined ? PAIR_ALGORITHMS : SECRET_ALGORITHMS;
    for (const [i, algorithm] of (args.algorithms ?? []).entries())
      if (!possible.includes(algorithm))
        problem(`/algorithms/${i}`, `is not one for ${secret === undefined ? 'key pairs' : 'a secret'}`);
    const demands = {
      algorithms: args.algorithms ?? possible,
      issuers: list(args.issuer),
      audiences: list(args.audience),
      skewS: readTime(skew, '/clock_skew', problem) / 1000,
      maxAgeS: readTime(maxAge, '/max_age', problem) / 1000,
      required: withoutExpiry ? [] : ['exp'],
    };
    const cacheMs = readTime(cache, '/cache', problem);
    const identity = new Identity(fields, problem);
    const refuse = refusalOf(args, 'Bearer error="invalid_token"', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');
    const verified = context.state('jwt', null, () => new Verified<Claims>());
    // A token that was good by other demands is not good by these.
    const basis = hash('sha256', JSON.stringify([args, demands]), 'base64');

    return (request, plan) => {
      identity.strip(plan);
      const token = tokenOf(request, cookie);
      if (remove) plan.drop(AUTHORIZATION);
      if (token === null) return refuse(plan);
      const key = verified.key(token, basis);
      const known = verified.get(key);
      return known === undefined ? check(token, key) : end(known);

      function end(claims: Claims): Node | null {
        plan.claims = claims;
        if (!claimsMeet(claims, require) || !identity.tell(plan, (path) => claimOf(claims, path))) return forbid(plan);
        return next;
      }

      async function check(given: string, as: string): Promise<Node | null> {
        try {
          const claims = await checkToken(given, keys, demands, plan.isObserved ? NO_CALLS : means.caller);
          if (claims === null) return refuse(plan);
          verified.put(as, claims, Math.min(cacheMs, leftMs(claims)));
          return end(claims);
        } catch (error) {
          if (!plan.isObserved) means.warn('keys for tokens cannot be had', error);
          plan.fault = Fault.UNVERIFIED;
          return null;
        }
      }
    };
  },
});

/** Until a token expires, in milliseconds. */
function leftMs({ exp }: Claims): number {
  return typeof exp === 'number' ? exp * 1000 - Date.now() : Infinity;
}

function keysOf(args: Args, { problem, state }: CompileContext): TokenKeys {
  const { jwks_url: url, jwks, public_key: pem, secret, secret_encoding: encoding = 'text' } = args;
  const given = [url, jwks, pem, secret].filter((one) => one !== undefined);
  if (given.length !== 1) problem('', 'has to have one of jwks_url, jwks, public_key and secret');
  if (url !== undefined) {
    const wrong = urlProblem(url);
    if (wrong !== null) problem('/jwks_url', wrong);
    return { kind: 'url', keys: state('keys', url, () => new KeySet(url)) };
  }
  if (jwks !== undefined) return { kind: 'set', set: jwks };
  if (pem !== undefined) {
    if (!/^-----BEGIN (?:PUBLIC KEY|CERTIFICATE)-----\s/.test(pem))
      problem('/public_key', 'is neither PUBLIC KEY nor CERTIFICATE in PEM');
    return { kind: 'pem', pem };
  }
  return { kind: 'secret', secret: secretOf(secret ?? '', encoding, problem) };
}

function secretOf(text: string, encoding: 'text' | 'hex' | 'base64', problem: CompileContext['problem']): Uint8Array {
  if (encoding === 'hex' && !/^(?:[0-9a-f]{2})+$/i.test(text)) problem('/secret', 'is not hexadecimal');
  if (encoding === 'base64' && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) problem('/secret', 'is not base64');
  return Buffer.from(text, encoding === 'text' ? 'utf8' : encoding);
}

function list(value: string | readonly string[] | undefined): readonly string[] | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? [value] : value;
}

function TEXTS(): Readonly<Record<string, unknown>> {
  return { type: ['string', 'array'], items: { type: 'string' }, minItems: 1 };
}

const AUTHORIZATION = ['authorization'];
