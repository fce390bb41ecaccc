import { hash } from 'node:crypto';
import type { Claims } from '../lib/auth/claims.ts';
import { KeySet } from '../lib/auth/key-set.ts';
import {
  checkToken,
  PAIR_ALGORITHMS,
  SECRET_ALGORITHMS,
  type JSONWebKeySet,
  type TokenDemands,
  type TokenKeys,
} from '../lib/auth/token-check.ts';
import { Verified, type Entry } from '../lib/auth/verified.ts';
import { NO_CALLS } from '../lib/core/caller.ts';
import type { CompileContext } from '../lib/routing/rule.ts';
import { urlProblem } from './call-url.ts';
import type { TokenJudge } from './token-gate.ts';
import { readTime, timeProperty } from './time-value.ts';

/** Args of a node that verifies signed tokens. */
export interface TokenArgs {
  readonly jwks_url?: string;
  readonly jwks?: JSONWebKeySet;
  readonly public_key?: string;
  readonly secret?: string;
  readonly secret_encoding?: 'text' | 'hex' | 'base64';
  readonly algorithms?: readonly string[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly type?: string;
  readonly clock_skew?: string;
  readonly max_age?: string;
  readonly without_expiry?: boolean;
  readonly cache?: string;
}

/** Properties of a schema for `TokenArgs`. */
export const TOKEN_PROPERTIES = {
  jwks_url: { type: 'string', description: 'where the issuer publishes its keys' },
  jwks: {
    type: 'object',
    properties: {
      keys: { type: 'array', items: { type: 'object' }, minItems: 1, description: 'JSON Web Keys' },
    },
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
  type: {
    type: 'string',
    minLength: 1,
    description: 'what tokens have to say they are (`typ`), such as `at+jwt`; without it anything',
  },
  clock_skew: timeProperty('how far the clocks of issuer and worker may differ', '0s'),
  max_age: timeProperty('greatest age of a token, whatever its expiry; `0s`: any', '0s'),
  without_expiry: { type: 'boolean', default: false, description: 'whether tokens are good that never expire' },
  cache: timeProperty('how long a good token is not checked again; `0s`: it is checked for each request', '1m'),
} as const;

/** Verifies the tokens of one node, and remembers those that were good. */
export class TokenVerifier implements TokenJudge {
  readonly trouble = 'keys for tokens cannot be had';
  readonly #keys: TokenKeys;
  readonly #demands: TokenDemands;
  readonly #cacheMs: number;
  readonly #verified: Verified<Claims>;
  readonly #means: CompileContext['means'];
  /** A token that was good by other demands is not good by these. */
  readonly #basis: string;

  constructor(args: TokenArgs, context: CompileContext) {
    const { secret, algorithms, clock_skew: skew = '0s', max_age: maxAge = '0s', cache = '1m' } = args;
    const { problem, means } = context;
    const possible: readonly string[] = secret === undefined ? PAIR_ALGORITHMS : SECRET_ALGORITHMS;
    for (const [i, algorithm] of (algorithms ?? []).entries())
      if (!possible.includes(algorithm))
        problem(`/algorithms/${i}`, `is not one for ${secret === undefined ? 'key pairs' : 'a secret'}`);
    this.#means = means;
    this.#keys = keysOf(args, context);
    this.#demands = {
      algorithms: algorithms ?? possible,
      issuers: list(args.issuer),
      audiences: list(args.audience),
      type: args.type ?? null,
      skewS: readTime(skew, '/clock_skew', problem) / 1000,
      maxAgeS: readTime(maxAge, '/max_age', problem) / 1000,
      required: args.without_expiry === true ? [] : ['exp'],
    };
    this.#cacheMs = readTime(cache, '/cache', problem);
    this.#verified = context.state('tokens', null, () => new Verified<Claims>());
    this.#basis = hash('sha256', JSON.stringify([args, this.#demands]), 'base64');
  }

  /** Claims of a token that was good a moment ago; undefined where it has to be checked. */
  known(token: string): Entry<Claims> | undefined {
    return this.#verified.entry(this.#verified.key(token, this.#basis));
  }

  /**
   * Claims of a token that is good; null if it is not. Rejected with `NoKeys` where that cannot be found out now. `isObserved`: nobody is
   * called for it.
   */
  async check(token: string, isObserved: boolean): Promise<Claims | null> {
    const claims = await checkToken(token, this.#keys, this.#demands, isObserved ? NO_CALLS : this.#means.caller);
    if (claims !== null)
      this.#verified.put(this.#verified.key(token, this.#basis), claims, Math.min(this.#cacheMs, this.#leftMs(claims)));
    return claims;
  }

  /** Until a token expires, or is too old, in milliseconds. */
  #leftMs({ exp, iat }: Claims): number {
    const { maxAgeS } = this.#demands;
    const ends = [exp, maxAgeS > 0 && typeof iat === 'number' ? iat + maxAgeS : undefined];
    return Math.min(...ends.map((end) => (typeof end === 'number' ? end * 1000 - Date.now() : Infinity)));
  }
}

function keysOf(args: TokenArgs, { problem, state }: CompileContext): TokenKeys {
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
