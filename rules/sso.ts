import { randomBytes } from 'node:crypto';
import { CLAIM_CONDITIONS, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { CookieJar } from '../lib/auth/cookie-jar.ts';
import { Recall } from '../lib/auth/recall.ts';
import { Fault } from '../lib/core/faults.ts';
import { normalPath } from '../lib/http/path.ts';
import { FIELD_NAME, queryValues } from '../lib/routing/names.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type CompileContext, type Node, type RoutedRequest } from '../lib/routing/rule.ts';
import { urlProblem } from './call-url.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { isPage } from './is-page.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { cookieOf } from './request-value.ts';
import { bearerWith, type Bearer } from './token-gate.ts';
import { tokenOf } from './token-source.ts';
import { TOKEN_PROPERTIES, TokenVerifier, type TokenArgs } from './token-verifier.ts';

interface Args extends RefusalArgs, TokenArgs {
  readonly login: string;
  readonly origin: string | readonly string[];
  readonly callback?: string;
  readonly logout?: string;
  readonly unasked?: boolean;
  readonly cookie?: string;
  readonly require?: ClaimConditions;
  readonly fields?: FieldsArg;
}

/**
 * Has people log in at a server that gives signed tokens, and goes on to `next` with those who have one.
 *
 *     {"type": "sso", "args": {"login": "https://example.com/id", "origin": "https://wiki.example.com", "audience": "wiki",
 *                              "algorithms": ["EdDSA"], "require": {"sub": ["ann", "bob"]}, "fields": {"X-User": "sub"}, "next": "wiki"}}
 *
 * A browser without a good token is sent to `login` with `?next=` and the URL that it comes back to: `callback` of this host, which in turn
 * has the page that was wanted as `next`. There the login server adds its token as the parameter `token`; where that is good it
 * becomes the cookie, and the browser goes on to its page, which can be none of another host. Of several `origin` the one with the request's host is
 * taken; a host that is in none is refused, so that no token goes where somebody has a name lead to here. `logout` is the path that takes the cookie away, and goes on to
 * `login` + `/logout`. Other programs send the token as `Authorization: Bearer`; what has none, a POST or a script for instance, goes to `denied`, or is
 * answered 401 or 403.
 *
 * Tokens are verified as by [`jwt`](jwt.md), whose args but `remove` this node has, too; keys come from `login` + `/.well-known/jwks.json` unless others are
 * named. Claims that do not meet `require` go to `forbidden` (403 without it). Where keys cannot be had the answer is 503. A login has to have been
 * begun by the same browser within ten minutes, so that nobody can be logged in as somebody else by a link; `unasked` takes others, too, from login
 * servers that begin by themselves or do not keep the parameter `state` of the URL. For a standard provider `oidc` is better: here the token passes through
 * URLs. An explanation supposes that somebody has logged in.
 */
export const sso = defineRule<Args>({
  type: 'sso',
  summary: 'Has people log in at a server that gives signed tokens.',
  args: {
    properties: {
      login: { type: 'string', description: 'URL of the login server' },
      ...TOKEN_PROPERTIES,
      origin: {
        type: ['string', 'array'],
        items: { type: 'string' },
        minItems: 1,
        description: 'how browsers reach this host: `https://wiki.example.com`; or a list, for several hosts',
      },
      callback: { type: 'string', default: '/_auth/redirect', description: 'path that browsers come back to' },
      logout: { type: 'string', default: '/_auth/logout', description: 'path that takes the cookie away' },
      unasked: {
        type: 'boolean',
        default: false,
        description: 'whether logins are good that this browser has not begun here',
      },
      cookie: { type: 'string', pattern: FIELD_NAME, default: 'auth', description: 'cookie that has the token' },
      require: {
        ...CLAIM_CONDITIONS,
        description: 'values that claims, by path, may have; a list has to have one of them',
      },
      fields: fieldsProperty('the claim, by path,'),
      ...REFUSAL_PROPERTIES,
    },
    required: ['login', 'origin', 'audience'],
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { require = {}, cookie: name = 'auth', fields = {}, unasked = false } = args;
    const { callback = '/_auth/redirect', logout = '/_auth/logout' } = args;
    report(args, context);
    const login = args.login.replace(/\/$/, '');
    const hasKeys = [args.jwks_url, args.jwks, args.public_key, args.secret].some((given) => given !== undefined);
    // Of a wrong URL nothing more is told than that it is wrong.
    const keysUrl = urlProblem(login) === null ? `${login}/.well-known/jwks.json` : 'http://localhost/';
    const verifier = new TokenVerifier(hasKeys ? args : { ...args, jwks_url: keysUrl }, context);
    const identity = new Identity(fields, context.problem);
    const refuse = refusalOf(args, 'Bearer', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');
    const recall = new Recall<Bearer>(context.means.coarseNow);
    const origins = [args.origin].flat();
    const byHost = new Map(origins.map((origin) => [URL.parse(origin)?.hostname ?? '', origin]));

    return (request, plan) => {
      identity.strip(plan);
      if (plan.isObserved) return next;
      if (request.path === callback) return comeBack(request, plan);
      if (request.path === logout)
        return goTo(`${login}/logout`, `Set-Cookie: ${name}=; Max-Age=0${attributesFor(request)}`, plan);
      const token = tokenOf(request, name);
      if (token === null) return askToLogIn(request, plan);
      const recent = recall.get(token);
      if (recent !== undefined) return admit(recent, plan);
      const known = verifier.known(token);
      if (known === undefined) return check(token, request, plan);
      const bearer = bearerWith(known.result, require, identity);
      recall.put(token, bearer, known.until);
      return admit(bearer, plan);
    };

    function admit({ claims, fields: told }: Bearer, plan: Plan): Node | null {
      plan.claims = claims;
      if (told === null) return forbid(plan);
      plan.set(told);
      return next;
    }

    async function check(token: string, request: RoutedRequest, plan: Plan): Promise<Node | null> {
      const claims = await verified(token, plan);
      if (claims === undefined) return null;
      if (claims === null) return askToLogIn(request, plan);
      return admit(bearerWith(claims, require, identity), plan);
    }

    function askToLogIn(request: RoutedRequest, plan: Plan): Node | null {
      const origin = originOf(request);
      if (origin === undefined || !isPage(request)) return refuse(plan);
      const state = unasked ? null : randomBytes(32).toString('base64url');
      const page = request.path + request.query;
      // A page whose URL is too long for a URL in a URL in a URL is not come back to.
      const wanted = page.length > MAX_PAGE ? '/' : page;
      const back = `${origin}${callback}?next=${encodeURIComponent(wanted)}${state === null ? '' : `&state=${state}`}`;
      const lines = state === null ? '' : (jarOf(state, request).lines(state, LOGIN_S) ?? '');
      return goTo(`${login}?next=${encodeURIComponent(back)}`, lines, plan);
    }

    /** A browser that the login server has sent back. */
    async function comeBack(request: RoutedRequest, plan: Plan): Promise<null> {
      const [page, token, state] = ['next', 'token', 'state'].map((parameter) => oneOf(request.query, parameter));
      // Two slashes, or one and what browsers take for a second one, would begin with another host.
      if (typeof page !== 'string' || !/^\/(?![/\\])[\u0021-\u007e]*$/.test(page))
        return failed(plan, 'The page to go on to is none of this host.');
      const jar = unasked || typeof state !== 'string' || !STATE.test(state) ? null : jarOf(state, request);
      const cookie = (cookieName: string) => cookieOf(request, cookieName);
      if (!unasked && jar?.read(cookie) !== state)
        return failed(plan, 'This login was not begun here, or has taken too long.');
      const claims = typeof token === 'string' && token.length <= MAX_COOKIE ? await verified(token, plan) : null;
      if (claims === undefined) return null;
      // What is good is made of letters, digits and a few signs that stand in a cookie as they are.
      if (typeof token !== 'string' || claims === null) return failed(plan, 'The login has failed.');
      return goTo(page, `${jar?.forget(cookie) ?? ''}Set-Cookie: ${name}=${token}${attributesFor(request)}`, plan);
    }

    /** Claims of a good token, null for any other; undefined where the plan says that nobody can tell now. */
    async function verified(token: string, plan: Plan): Promise<Claims | null | undefined> {
      try {
        return await verifier.check(token, false);
      } catch (error) {
        context.means.warn('keys for tokens cannot be had', error);
        plan.fault = Fault.UNVERIFIED;
        return undefined;
      }
    }

    function originOf({ host }: RoutedRequest): string | undefined {
      return origins.length === 1 ? origins[0] : byHost.get(host);
    }

    function isSecure(request: RoutedRequest): boolean {
      return originOf(request)?.startsWith('http:') !== true;
    }

    function attributesFor(request: RoutedRequest): string {
      return `; Path=/; HttpOnly; SameSite=Lax${isSecure(request) ? '; Secure' : ''}\r\n`;
    }

    /** Each login has a cookie of its own, so that several tabs may log in at once. */
    function jarOf(state: string, request: RoutedRequest): CookieJar {
      return new CookieJar(`${name}_login_${state.slice(0, 8)}`, isSecure(request));
    }
  },
});

function report(args: Args, { problem }: CompileContext): void {
  const { login, origin, callback = '/_auth/redirect', logout = '/_auth/logout' } = args;
  const wrong = urlProblem(login) ?? (login.includes('?') ? 'has a query, where the page to come back to goes' : null);
  if (wrong !== null) problem('/login', wrong);
  for (const [i, one] of [origin].flat().entries())
    if (!/^https?:/.test(one) || URL.parse(one)?.origin !== one)
      problem(
        typeof origin === 'string' ? '/origin' : `/origin/${i}`,
        'is not a scheme with a host alone, such as https://wiki.example.com',
      );
  for (const [name, path] of Object.entries({ callback, logout }))
    if (normalPath(path) !== path || /^\/[/\\]/.test(path)) problem(`/${name}`, 'is not a path in normal form');
  if (callback === logout) problem('/logout', 'is the same as callback');
}

/** The value of a parameter that is there once. */
function oneOf(query: string, name: string): string | null {
  const values = queryValues(query, name);
  return values.length === 1 ? (values[0] ?? null) : null;
}

function goTo(url: string, lines: string, plan: Plan): null {
  plan.answer = { status: 302, lines: `Location: ${url}\r\n${PRIVATE}${lines}`, body: '' };
  return null;
}

function failed(plan: Plan, why: string): null {
  plan.answer = { status: 400, lines: `Content-Type: text/plain\r\n${PRIVATE}`, body: `400 Bad Request: ${why}\n` };
  return null;
}

/** What has a token in its URL is nobody else's. */
const PRIVATE = 'Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n';
const STATE = /^[\w-]{43}$/;
const LOGIN_S = 600;
const MAX_PAGE = 1500;
const MAX_COOKIE = 3800;
