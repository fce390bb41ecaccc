import { randomBytes } from 'node:crypto';
import { CLAIM_CONDITIONS, claimOf, claimsMeet, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { CookieJar } from '../lib/auth/cookie-jar.ts';
import { LoginRefused, OidcClient, type LoginStart, type OidcParty, type Tokens } from '../lib/auth/oidc-client.ts';
import { Seal } from '../lib/auth/seal.ts';
import { Verified } from '../lib/auth/verified.ts';
import { Fault } from '../lib/core/faults.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import type { Answer, Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { hideCookies } from './hide-cookies.ts';
import { isPage } from './is-page.ts';
import { oidcProblems } from './oidc-problems.ts';
import { forbidding, refusalOf, type RefusalArgs } from './refusal.ts';
import { cookieOf } from './request-value.ts';
import { readTime, timeProperty } from './time-value.ts';

export interface OidcArgs extends RefusalArgs {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret?: string;
  readonly client_auth?: 'basic' | 'post';
  readonly cookie_secret: string | readonly string[];
  readonly origin: string;
  readonly callback?: string;
  readonly logout?: string;
  readonly after_logout?: string;
  readonly scope?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly cookie?: string;
  readonly session?: string;
  readonly clock_skew?: string;
  readonly require?: ClaimConditions;
  readonly fields?: FieldsArg;
}

/**
 * Has people log in at an OpenID provider (OpenID Connect, code flow with PKCE), and goes on to `next` with those who have.
 *
 *     {"type": "oidc", "args": {"issuer": "https://id.example.com", "client_id": "dashboard", "client_secret": "s3cr3t",
 *                               "cookie_secret": "at least 32 characters, the same everywhere", "origin": "https://dash.example.com",
 *                               "require": {"groups": ["ops"]}, "fields": {"X-User": "email"}, "next": "dashboard"}}
 *
 * A browser without a session is sent to the provider and comes back to `callback`, a path of this host which the provider has to know as
 * `origin` + `callback`; then it goes on to the page that it wanted. Whatever else has no session, a POST or a script for instance, goes to
 * `denied`, or is answered 401. `logout` is the path that ends the session, here and at the provider.
 *
 * The session is a cookie that only ELB reads or makes: it is sealed with `cookie_secret`, of which there may be several, the first for new ones. It
 * lasts for `session`, and no server gets it; where the provider gives a refresh token it is asked again when its own tokens expire, and ends the session by
 * refusing. A stolen cookie is good until then: with an `origin` of `https://` it is sent over TLS only and its name begins with `__Host-`.
 *
 * Of the claims only `sub` and those in `fields` and `require` are kept, for templates and later nodes as well. Claims that do not meet `require` go to
 * `forbidden` (403 without it). Where the provider cannot be asked the answer is 503. An `issuer` of `http://` is possible on loopback only.
 * An explanation supposes that somebody has logged in.
 */
export const oidc = defineRule<OidcArgs>({
  type: 'oidc',
  summary: 'Has people log in at an OpenID provider.',
  args: {
    properties: {
      issuer: { type: 'string', description: 'the provider, by the URL of its issuer' },
      client_id: { type: 'string', minLength: 1, description: 'who we are to the provider' },
      client_secret: { type: 'string', minLength: 1, description: 'our secret; without it we are a public client' },
      client_auth: { enum: ['basic', 'post'], default: 'basic', description: 'how the secret is told' },
      cookie_secret: {
        type: ['string', 'array'],
        minLength: 32,
        minItems: 1,
        items: { type: 'string', minLength: 32 },
        description: 'what sessions are sealed with: one secret, or several of which the first is for new ones',
      },
      origin: { type: 'string', description: 'how browsers reach this host: `https://dash.example.com`' },
      callback: {
        type: 'string',
        default: '/oauth2/callback',
        description: 'path that the provider sends browsers back to',
      },
      logout: { type: 'string', default: '/oauth2/logout', description: 'path that ends the session' },
      after_logout: { type: 'string', default: '/', description: 'path to which a browser is sent then' },
      scope: {
        type: 'string',
        default: 'openid',
        description: 'what is asked for; `offline_access` for a refresh token',
      },
      parameters: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'further parameters of the request to log in, such as `prompt`',
      },
      cookie: { type: 'string', pattern: FIELD_NAME, default: 'elb_session', description: 'name of the cookie' },
      session: timeProperty('longest time until somebody has to log in again', '12h'),
      clock_skew: timeProperty('how far the clocks of provider and worker may differ', '0s'),
      require: {
        ...CLAIM_CONDITIONS,
        description: 'values that claims, by path, may have; a list has to have one of them',
      },
      fields: fieldsProperty('the claim, by path,'),
    },
    required: ['issuer', 'client_id', 'cookie_secret', 'origin'],
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const {
      require = {},
      fields = {},
      callback = '/oauth2/callback',
      logout = '/oauth2/logout',
      session = '12h',
    } = args;
    const { problem, means } = context;
    for (const { at, msg } of oidcProblems(args)) problem(at, msg);
    const sessionMs = readTime(session, '/session', problem);
    const skewS = readTime(args.clock_skew ?? '0s', '/clock_skew', problem) / 1000;
    const party: OidcParty = {
      issuer: args.issuer,
      clientId: args.client_id,
      clientSecret: args.client_secret ?? null,
      clientAuth: args.client_auth ?? 'basic',
      skewS,
    };
    const origin = URL.parse(args.origin)?.origin ?? '';
    const isSecure = origin.startsWith('https:');
    const name = args.cookie ?? 'elb_session';
    const secrets = typeof args.cookie_secret === 'string' ? [args.cookie_secret] : args.cookie_secret;
    const sessions = new Seal(secrets, `session ${args.issuer} ${args.client_id}`);
    const logins = new Seal(secrets, `login ${args.issuer} ${args.client_id}`);
    const jar = new CookieJar(name, isSecure);
    const identity = new Identity(fields, problem);
    const kept = new Set(['sub', ...Object.values(fields), ...Object.keys(require)]);
    const refuse = refusalOf(args, 'Bearer', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');
    const { client, refreshed } = context.state('oidc', null, () => ({
      client: new OidcClient(),
      refreshed: new Verified<Session | null>(),
    }));

    return (request, plan) => {
      identity.strip(plan);
      if (plan.isObserved) return next;
      hideCookies(request, plan, jar.name(0), isOwn);
      const cookie = (cookieName: string) => cookieOf(request, cookieName);
      if (request.path === callback) return guarded(plan, () => comeBack(request, plan));
      if (request.path === logout) return guarded(plan, () => leave(plan, cookie));
      const sealed = jar.read(cookie);
      const found = sealed === null ? null : (sessions.open(sealed) as Session | null); // sealed by `keep`
      if (found === null) return isPage(request) ? guarded(plan, () => logIn(request, plan)) : refuse(plan);
      return found.until > Date.now()
        ? admit(found, plan)
        : guarded(plan, () => renew(found, sealed ?? '', request, plan));
    };

    /** What browsers keep for this node is nothing to servers, who could be somebody else by it. */
    function isOwn(rest: string): boolean {
      return rest === '' || rest.startsWith('.') || rest.startsWith('_login_');
    }

    /** Whoever has a session. */
    function admit({ claims }: Session, plan: Plan): Node | null {
      plan.claims = claims;
      if (!claimsMeet(claims, require) || !identity.tell(plan, (path) => claimOf(claims, path))) return forbid(plan);
      return next;
    }

    /** What cannot be done because the provider cannot be asked is done for nobody. */
    async function guarded(plan: Plan, act: () => Promise<Node | null>): Promise<Node | null> {
      try {
        return await act();
      } catch (error) {
        means.warn('an OpenID provider cannot be asked', error);
        plan.fault = Fault.UNVERIFIED;
        return null;
      }
    }

    async function logIn(request: RoutedRequest, plan: Plan): Promise<null> {
      const start = { state: random(), nonce: random(), verifier: random() };
      const { scope = 'openid', parameters = {} } = args;
      const asked = { ...parameters, scope, redirect_uri: origin + callback };
      const url = await client.loginUrl(party, start, asked, means.caller);
      const back = request.path + request.query;
      const text = logins.close(
        { ...start, back: back.length > MAX_BACK ? request.path.slice(0, MAX_BACK) : back },
        LOGIN_MS,
      );
      plan.answer = redirect(url.href, loginJar(start.state).lines(text, LOGIN_MS / 1000) ?? '');
      return null;
    }

    async function comeBack(request: RoutedRequest, plan: Plan): Promise<Node | null> {
      const back = new URL(origin + callback + request.query);
      const state = back.searchParams.get('state') ?? '';
      const cookie = (cookieName: string) => cookieOf(request, cookieName);
      const sealed = /^[\w-]{8,}$/.test(state) ? loginJar(state).read(cookie) : null;
      const start = sealed === null ? null : (logins.open(sealed) as (LoginStart & { back: string }) | null); // sealed by `logIn`
      // Nobody here has begun this login: a link of somebody else's, or one that was waited for too long.
      if (start === null || start.state !== state)
        return failed(plan, 'This login was not begun here, or has taken too long.');
      const forget = loginJar(state).forget(cookie);
      try {
        const tokens = await client.redeem(party, start, back, means.caller);
        const lines = keep(tokens, Date.now() + sessionMs, null).lines;
        if (lines === null) return failed(plan, 'What the provider says about you is too long.');
        plan.answer = redirect(origin + start.back, forget + lines);
      } catch (error) {
        if (!(error instanceof LoginRefused)) throw error;
        return failed(plan, 'The login has failed.');
      }
      return null;
    }

    /** The provider's own tokens have expired. */
    async function renew(before: Session, sealed: string, request: RoutedRequest, plan: Plan): Promise<Node | null> {
      // Requests that come at once with one cookie ask once, and those that follow until the browser has the next one not at all.
      const after = await refreshed.find(refreshed.key(sealed), async () => {
        try {
          const tokens = await client.refresh(party, before.refresh ?? '', means.caller);
          return { result: keep(tokens, before.end, before).session, forMs: RENEWED_MS };
        } catch (error) {
          if (!(error instanceof LoginRefused)) throw error;
          return { result: null, forMs: RENEWED_MS };
        }
      });
      if (after === null) return isPage(request) ? logIn(request, plan) : refuse(plan);
      const lines = jar.lines(sessions.close(after, after.end - Date.now()), (after.end - Date.now()) / 1000);
      if (lines !== null) plan.editReply({ drop: [], lines });
      return admit(after, plan);
    }

    async function leave(plan: Plan, cookie: (cookieName: string) => string | null): Promise<null> {
      const { after_logout: after = '/' } = args;
      const parameters = { post_logout_redirect_uri: origin + after };
      const url = await client.logoutUrl(party, parameters, means.caller).catch(() => null);
      plan.answer = redirect(url?.href ?? origin + after, jar.forget(cookie));
      return null;
    }

    /** A session of these tokens, and the lines that have the browser keep it; `end`: when it ends at the latest. */
    function keep(tokens: Tokens, end: number, before: Session | null): { session: Session; lines: string | null } {
      const { claims, forMs } = tokens;
      const refresh = tokens.refreshToken ?? before?.refresh ?? null;
      const own: Record<string, unknown> = {};
      for (const path of kept) {
        const value = claims === null ? before?.claims[path] : claimOf(claims, path);
        if (value !== undefined) own[path] = value;
      }
      const until = refresh === null || forMs === null ? end : Math.min(end, Date.now() + Math.max(forMs, LEAST_MS));
      const made = { claims: own, refresh, until, end };
      return { session: made, lines: jar.lines(sessions.close(made, end - Date.now()), (end - Date.now()) / 1000) };
    }

    /** Each login has a cookie of its own, so that several tabs may log in at once. */
    function loginJar(state: string): CookieJar {
      return new CookieJar(`${name}_login_${state.slice(0, 8)}`, isSecure);
    }
  },
});

/** What a browser keeps for us. */
interface Session {
  readonly claims: Claims;
  readonly refresh: string | null;
  /** Until when nobody has to be asked, and when it ends; milliseconds since 1970. */
  readonly until: number;
  readonly end: number;
}

function redirect(url: string, lines: string): Answer {
  return { status: 302, lines: `Location: ${url}\r\nCache-Control: no-store\r\n${lines}`, body: '' };
}

function failed(plan: Plan, why: string): null {
  plan.answer = {
    status: 400,
    lines: 'Content-Type: text/plain\r\nCache-Control: no-store\r\n',
    body: `400 Bad Request: ${why}\n`,
  };
  return null;
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

const LOGIN_MS = 600_000;
const RENEWED_MS = 30_000;
/** Tokens of no time at all would have the provider asked for every request. */
const LEAST_MS = 5000;
const MAX_BACK = 1500;
