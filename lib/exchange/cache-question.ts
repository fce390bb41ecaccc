import { directivesOf, type Directives } from '../http/cache-control.ts';
import { BodyKind, type Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import type { Plan } from '../routing/plan.ts';

/** A request as a cache looks at it. */
export interface CacheQuestion {
  readonly head: Head;
  readonly target: Target;
  readonly plan: Plan;
  /** The client's scheme, as servers are told it. */
  readonly scheme: string;
  readonly trusted: boolean;
  /** What a trusted proxy says that the client has called the host. */
  readonly forwardedHost: string;
  /** How the graph called the upstream, perhaps with a tag. */
  readonly upstream: string;
  /** It asks for another protocol. */
  readonly isUpgrade: boolean;
}

export function questionOf(
  head: Head,
  target: Target,
  plan: Plan,
  { trusted, tls }: { readonly trusted: boolean; readonly tls: object | null },
  isUpgrade: boolean,
): CacheQuestion {
  const told = trusted ? (head.get('x-forwarded-proto')?.toLowerCase() ?? null) : null;
  const scheme = told ?? (tls === null ? 'http' : 'https');
  // What others say of it servers are not told.
  const forwardedHost = (trusted ? head.get('x-forwarded-host') : null) ?? '';
  return { head, target, plan, scheme, trusted, forwardedHost, upstream: plan.upstream ?? '', isUpgrade };
}

/** What the client wants of caches. */
export function requestDirectives(head: Head): Directives {
  const field = head.get('cache-control');
  // RFC 9111 5.4.
  if (field === null && head.get('pragma')?.toLowerCase().includes('no-cache') === true)
    return directivesOf('no-cache');
  return directivesOf(field);
}

/** Whether this request is one that a cache can answer, and whose reply it can keep. */
export function isCacheable(
  { head, plan, isUpgrade }: CacheQuestion,
  method: string,
  methods: ReadonlySet<string>,
): boolean {
  if (!methods.has(method) || isUpgrade) return false;
  const hasBody = head.bodyKind !== BodyKind.NONE && (head.bodyKind !== BodyKind.LENGTH || head.bodyLength > 0);
  if (hasBody || (plan.body !== null && plan.body.length > 0)) return false;
  return CONDITIONS.every((name) => head.get(name) === null);
}

/** Whether a request with this method and status has changed what is at its URI. */
export function changes(method: string, status: number): boolean {
  return !SAFE.has(method) && status >= 200 && status < 400;
}

/** Fields that ask for a part, or for what depends on the state at the server. */
const CONDITIONS = ['range', 'if-range', 'if-match', 'if-unmodified-since'];
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
