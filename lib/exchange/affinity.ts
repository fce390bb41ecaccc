import { hashText } from '../core/hash.ts';
import { cookieValue, queryValue } from '../http/request-value.ts';
import type { RoutedRequest } from '../routing/rule.ts';
import { Affinity, NO_AFFINITY } from '../upstream/affinity.ts';
import type { HashOptions } from '../upstream/options/balance.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** What of a request decides about its server. `name`: how the graph called the upstream, perhaps with a tag: `web#canary`. */
export function affinityOf(request: RoutedRequest, upstream: Upstream, name: string): Readonly<Affinity> {
  const { hash, sessions } = upstream.choice;
  const hasTag = name.length !== upstream.name.length;
  if (hash === null && sessions === null && !hasTag) return NO_AFFINITY;
  const affinity = new Affinity();
  if (hasTag) affinity.tag = name.slice(upstream.name.length + 1);
  if (hash !== null) affinity.key = keyOf(request, hash);
  if (sessions !== null) affinity.session = cookieOf(request, sessions.options.cookie);
  return affinity;
}

/** Whether a reply sets a cookie; `setCookie`: all of its Set-Cookie fields. */
export function setsCookie(setCookie: string | null, name: string): boolean {
  return setCookie !== null && (setCookie.startsWith(`${name}=`) || setCookie.includes(`, ${name}=`));
}

function keyOf(request: RoutedRequest, hash: HashOptions): number {
  const value = valueOf(request, hash);
  if (value !== null) return hashText(value);
  switch (hash.missing) {
    case 'address':
      return hashText(request.clientAddress);
    case 'any':
      return Math.floor(Math.random() * 2 ** 32);
    case 'empty':
      return hashText('');
  }
}

function valueOf(request: RoutedRequest, { on, name }: HashOptions): string | null {
  switch (on) {
    case 'address':
      return request.clientAddress;
    case 'header':
      return request.field(name);
    case 'cookie':
      return cookieOf(request, name);
    case 'query':
      return queryValue(request.query, name);
    case 'path':
      return request.path;
    case 'uri':
      return request.path + request.query;
    case 'host':
      return request.host;
  }
}

function cookieOf(request: RoutedRequest, name: string): string | null {
  const field = request.field('cookie');
  return field === null ? null : cookieValue(field, name);
}
