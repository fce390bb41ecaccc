import type { Problem } from '../lib/core/problem.ts';
import { normalPath } from '../lib/http/path.ts';
import { urlProblem } from './call-url.ts';

interface Args {
  readonly issuer: string;
  readonly origin: string;
  readonly callback?: string;
  readonly logout?: string;
  readonly after_logout?: string;
  readonly scope?: string;
}

/** What is wrong with the args of an `oidc` node that no schema can say. */
export function oidcProblems(args: Args): readonly Problem[] {
  const problems: Problem[] = [];
  const { issuer, origin, scope = 'openid' } = args;
  const wrong = urlProblem(issuer);
  if (wrong !== null) problems.push({ at: '/issuer', msg: wrong });
  else if (!isSafe(issuer))
    problems.push({ at: '/issuer', msg: 'is not https://, which only an issuer on loopback need not be' });
  if (urlProblem(origin) !== null || URL.parse(origin)?.origin !== origin.replace(/\/$/, ''))
    problems.push({ at: '/origin', msg: 'is not a scheme with a host alone, such as https://dash.example.com' });
  for (const name of ['callback', 'logout', 'after_logout'] as const) {
    const path = args[name];
    if (path !== undefined && (normalPath(path) !== path || /^\/[/\\]/.test(path)))
      problems.push({ at: `/${name}`, msg: 'is not a path in normal form' });
  }
  if (args.callback !== undefined && args.callback === args.logout)
    problems.push({ at: '/logout', msg: 'is the same as callback' });
  if (!scope.split(' ').includes('openid')) problems.push({ at: '/scope', msg: 'has no openid' });
  return problems;
}

function isSafe(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'https:' || /^(?:127\.|\[::1\]$|localhost$)/.test(hostname);
}
