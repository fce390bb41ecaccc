import { readAuthority } from '../http/authority.ts';
import { connectionNames } from '../http/hop.ts';
import { Known, type Head } from '../http/head.ts';
import { normalPath } from '../http/path.ts';
import type { CacheQuestion } from './cache-question.ts';

/** What replies are found by, beside `Vary`. */
export interface CacheKey {
  /** What is asked for, as the server is asked for it: scheme, host, port, path and query. */
  readonly uri: string;
  /** Everything else that a server may tell requests apart by though no client means to: what the graph has said, and how the host was written. */
  readonly variant: string;
}

export function cacheKey(question: CacheQuestion): CacheKey {
  const { plan, upstream, forwardedHost } = question;
  const variant = [
    upstream,
    forwardedHost,
    ...plan.setFields,
    '',
    ...plan.dropFields,
    '',
    ...plan.guardedFields,
    ...unsaid(question),
  ].join('\n');
  return { uri: uriOf(question), variant };
}

/** The URI alone, where that is all that counts. */
export function uriOf({ target, plan, scheme }: Pick<CacheQuestion, 'target' | 'plan' | 'scheme'>): string {
  return `${scheme} ${target.host} ${target.port} ${plan.path ?? target.path}${plan.query ?? target.query}`;
}

/** The URI of a URL as an operator writes it; `*` at its end stays. */
export function uriOfUrl(url: string): string {
  const [, scheme = '', authority = '', rest = ''] = /^([a-z]+):\/\/([^/?]*)(.*)$/i.exec(url) ?? [];
  const isSecure = scheme.toLowerCase() === 'https';
  const bytes = Buffer.from(authority, 'latin1');
  const place = { host: '', port: '' };
  if (!readAuthority(place, bytes, 0, bytes.length, isSecure ? '443' : '80')) place.host = authority;
  const question = rest.indexOf('?');
  const path = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? '' : rest.slice(question);
  return `${scheme.toLowerCase()} ${place.host} ${place.port} ${normalPath(path === '' ? '/' : path) ?? path}${query}`;
}

/**
 * What programs behind a balancer look at and do not name in `Vary`: fields by which they take a request for one with another method, path or
 * host, and the host in another spelling. Whoever sends them gets replies of his own, so that nobody else gets those (cache poisoning).
 */
function unsaid({ head, target, plan, trusted }: CacheQuestion): string[] {
  const all: string[] = [];
  const host = target.absolute ? null : head.get('host');
  if (host !== null && host !== target.authority) all.push(`host: ${host}`);
  const listed = connectionNames(head);
  for (let i = 0; i < head.count; i++) {
    const isForwarded = head.kind(i) === Known.FORWARDED;
    if (isForwarded ? !trusted : head.kind(i) !== 0 || !mayBeUnsaid(head, i)) continue;
    const name = head.name(i).toLowerCase().replaceAll('_', '-');
    if (isForwarded) all.push(...hostAndScheme(head.value(i)));
    else if (isUnsaid(name) && listed?.includes(head.name(i).toLowerCase()) !== true && !plan.dropFields.includes(name))
      all.push(`${name}: ${head.value(i)}`);
  }
  return all.length === 0 ? all : ['', ...all];
}

/** By its first letter: most names need not be made text. */
function mayBeUnsaid(head: Head, i: number): boolean {
  const first = (head.bytes[head.nameStart(i)] ?? 0) | LOWER;
  return first === X || first === F;
}

function isUnsaid(name: string): boolean {
  return UNSAID.has(name) || (name.startsWith('x-forwarded-') && !TOLD_BY_ELB.has(name));
}

/** Of a Forwarded field (RFC 7239) what is not about the client's address, which is another one each time. */
function hostAndScheme(value: string): string[] {
  const pairs = value.split(/[,;]/).map((pair) => pair.trim().toLowerCase());
  return pairs.filter((pair) => pair.startsWith('host=') || pair.startsWith('proto='));
}

const UNSAID: ReadonlySet<string> = new Set([
  'front-end-https',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
  'x-script-name',
  'x-url-scheme',
]);
/** ELB says them itself; what counts of them is in the key. */
const TOLD_BY_ELB: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);
const LOWER = 0x20;
const X = 0x78;
const F = 0x66;
