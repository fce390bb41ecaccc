import type { Claims } from '../lib/auth/claims.ts';
import { Verified, type Found } from '../lib/auth/verified.ts';
import { CallFailed, type Caller } from '../lib/core/caller.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { urlProblem } from './call-url.ts';
import { readTime, timeProperty } from './time-value.ts';
import { TOKEN_GATE_PROPERTIES, TokenGate, type TokenGateArgs, type TokenJudge } from './token-gate.ts';

interface Args extends TokenGateArgs {
  readonly url: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly client_auth?: 'basic' | 'post';
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
      timeout: timeProperty('for the answer of the issuer', '2s'),
      cache: timeProperty('how long an answer holds; `0s`: for the requests that wait for it', '1m'),
      ...TOKEN_GATE_PROPERTIES,
    },
    required: ['url'],
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { url, client_id: id, client_secret: secret, cache = '1m', timeout = '2s' } = args;
    const { problem, means } = context;
    const wrong = urlProblem(url);
    if (wrong !== null) problem('/url', wrong);
    if (id === undefined && secret !== undefined) problem('/client_id', 'is missing beside client_secret');
    const times = {
      timeoutMs: readTime(timeout, '/timeout', problem),
      cacheMs: readTime(cache, '/cache', problem),
    };
    const verified = context.state('introspect', null, () => new Verified<Claims | null>());
    const basis = JSON.stringify([url, id]);
    const judge: TokenJudge = {
      known: (token) => verified.entry(verified.key(token, basis)),
      check(token, isObserved) {
        if (isObserved) return Promise.resolve(undefined);
        return verified.find(verified.key(token, basis), () => ask(args, token, times, means.caller));
      },
      trouble: 'tokens cannot be introspected',
    };
    const gate = new TokenGate(args, judge, context);
    return (request, plan) => gate.decide(request, plan);
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

const INACTIVE_MS = 10_000;
const MAX_BYTES = 65_536;
