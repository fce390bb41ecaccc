import type { Configuration } from 'openid-client';
import { CallFailed, type Caller } from '../core/caller.ts';
import { monotonicMs } from '../core/clock.ts';
import type { Claims } from './claims.ts';

/** Who we are to an OpenID provider. */
export interface OidcParty {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: string | null;
  readonly clientAuth: 'basic' | 'post';
  readonly skewS: number;
}

/** What a login begins with, kept by the browser until it comes back. */
export interface LoginStart {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What a provider gives for a code, or for a refresh token. */
export interface Tokens {
  /** Of the ID token; null where a refresh has brought none. */
  readonly claims: Claims | null;
  readonly refreshToken: string | null;
  /** Milliseconds that the tokens are good for; null: not said. */
  readonly forMs: number | null;
}

/** Thrown where the provider refuses a code or a refresh token, or its answer cannot be believed: the login has failed. */
export class LoginRefused extends Error {}

/**
 * One OpenID provider, as it describes itself (OpenID Connect Discovery): asked when first needed, and again after an hour, or ten seconds
 * after it could not be asked. Signatures of ID tokens are verified, also of those that come directly from the provider.
 */
export class OidcClient {
  #config: Promise<Configuration> | null = null;
  #key = '';
  #until = 0;

  /** Where to send a browser to log in. */
  async loginUrl(
    party: OidcParty,
    start: LoginStart,
    parameters: Record<string, string>,
    caller: Caller,
  ): Promise<URL> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client');
    const config = await this.#open(party, caller);
    const challenge = await calculatePKCECodeChallenge(start.verifier);
    return buildAuthorizationUrl(config, {
      ...parameters,
      response_type: 'code',
      state: start.state,
      nonce: start.nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
  }

  /** What the provider gives for the code that a browser has come back with. Rejected with `LoginRefused` or `CallFailed`. */
  async redeem(party: OidcParty, { state, nonce, verifier }: LoginStart, back: URL, caller: Caller): Promise<Tokens> {
    const { authorizationCodeGrant } = await import('openid-client');
    const config = await this.#open(party, caller);
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    return refusing(async () => tokensOf(await authorizationCodeGrant(config, back, checks)));
  }

  /** What the provider gives for a refresh token. Rejected as `redeem`. */
  async refresh(party: OidcParty, refreshToken: string, caller: Caller): Promise<Tokens> {
    const { refreshTokenGrant } = await import('openid-client');
    const config = await this.#open(party, caller);
    return refusing(async () => tokensOf(await refreshTokenGrant(config, refreshToken)));
  }

  /** Where to send a browser to log out at the provider; null where the provider has no such place. */
  async logoutUrl(party: OidcParty, parameters: Record<string, string>, caller: Caller): Promise<URL | null> {
    const { buildEndSessionUrl } = await import('openid-client');
    const config = await this.#open(party, caller);
    if (config.serverMetadata().end_session_endpoint === undefined) return null;
    return buildEndSessionUrl(config, parameters);
  }

  #open(party: OidcParty, caller: Caller): Promise<Configuration> {
    const key = JSON.stringify(party);
    if (this.#config === null || this.#key !== key || monotonicMs() > this.#until) {
      this.#key = key;
      this.#until = monotonicMs() + KNOWN_MS;
      this.#config = discover(party, caller);
      this.#config.catch(() => {
        this.#until = monotonicMs() + FAILED_MS;
      });
    }
    return this.#config;
  }
}

async function discover(party: OidcParty, caller: Caller): Promise<Configuration> {
  const oidc = await import('openid-client');
  const { issuer, clientId, clientSecret, clientAuth, skewS } = party;
  const secretAuth = clientAuth === 'basic' ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
  const auth = clientSecret === null ? oidc.None() : secretAuth(clientSecret);
  const execute = [oidc.enableNonRepudiationChecks];
  if (issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests);
  const metadata = { [oidc.clockTolerance]: skewS };
  try {
    return await oidc.discovery(new URL(issuer), clientId, metadata, auth, {
      execute,
      timeout: TIMEOUT_MS / 1000,
      [oidc.customFetch]: (url, options) => fetched(url, options, caller),
    });
  } catch (error) {
    throw new CallFailed(`${issuer} cannot be discovered: ${messageOf(error)}`, { cause: error });
  }
}

interface FetchOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `fetch` over our own calls: with their bounds, and the certificates that the worker trusts. */
async function fetched(url: string, { method, headers, body }: FetchOptions, caller: Caller): Promise<Response> {
  const text = body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : null;
  const fields = Object.entries(headers).flat();
  const reply = await caller.call({ url, method, fields, body: text, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
  const replyFields = [...reply.fields].flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const hasBody = reply.status !== 204 && reply.status !== 304 && method !== 'HEAD';
  return new Response(hasBody ? new Uint8Array(reply.body) : null, { status: reply.status, headers: replyFields });
}

interface TokenReply {
  readonly refresh_token?: string;
  claims(): Claims | undefined;
  expiresIn(): number | undefined;
}

function tokensOf(reply: TokenReply): Tokens {
  const seconds = reply.expiresIn();
  return {
    claims: reply.claims() ?? null,
    refreshToken: reply.refresh_token ?? null,
    forMs: seconds === undefined ? null : seconds * 1000,
  };
}

/** What the library throws is a refusal, unless the provider could not be asked or has failed itself. */
async function refusing<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (failedCall(error) || statusOf(error) >= 500) throw new CallFailed(messageOf(error), { cause: error });
    throw new LoginRefused(messageOf(error), { cause: error });
  }
}

function failedCall(error: unknown): boolean {
  return error instanceof CallFailed || (error instanceof Error && error.cause instanceof CallFailed);
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  if ('status' in error && typeof error.status === 'number') return error.status;
  return 'cause' in error && error.cause instanceof Response ? error.cause.status : 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const KNOWN_MS = 3_600_000;
const FAILED_MS = 10_000;
const TIMEOUT_MS = 5000;
const MAX_BYTES = 262_144;
