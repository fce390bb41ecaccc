import { directivesOf, secondsOf, type Directives } from '../http/cache-control.ts';
import { encodeReply } from '../http/encode-reply.ts';
import { BodyKind, type Head } from '../http/head.ts';
import { connectionNames } from '../http/hop.ts';
import type { Target } from '../http/target.ts';
import type { Plan } from '../routing/plan.ts';
import type { ReplyCache, StoredReply } from '../upstream/reply-cache.ts';
import type { Server } from '../upstream/server.ts';
import type { Recording } from './recorder.ts';
import { SentFields } from './sent-fields.ts';
import { storingTerms, type StoringTerms } from './storable.ts';

/** A request as a cache looks at it. */
export interface CacheQuestion {
  readonly head: Head;
  readonly target: Target;
  readonly plan: Plan;
  /** The client's scheme, as servers are told it. */
  readonly scheme: string;
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
  const told = trusted ? head.get('x-forwarded-proto') : null;
  const scheme = told ?? (tls === null ? 'http' : 'https');
  // What others say of it servers are not told.
  const forwardedHost = (trusted ? head.get('x-forwarded-host') : null) ?? '';
  return { head, target, plan, scheme, forwardedHost, upstream: plan.upstream ?? '', isUpgrade };
}

/** What a look into the cache has come to, for the access log as nginx says it. */
export type CacheOutcome = 'HIT' | 'MISS' | 'EXPIRED' | 'BYPASS';

/**
 * One request and the cache of its upstream: whether a stored reply answers it, and whether the reply that it gets instead is kept (RFC 9111
 * 3, 4). Whatever a server may tell requests apart by is part of what replies are found by, the fields that the graph has set among it.
 */
export class Caching implements Recording {
  readonly outcome: CacheOutcome;
  /** What answers the request; null: a server. */
  readonly stored: StoredReply | null;
  /** The client wants a stored reply or none (RFC 9111 5.2.1.7). */
  readonly isOnly: boolean;
  /** Who gives the reply that is kept. */
  server: Server | null = null;
  readonly #cache: ReplyCache;
  readonly #clock: () => number;
  readonly #uri: string;
  readonly #variant: string;
  readonly #method: string;
  readonly #askedAt: number;
  readonly #fields: SentFields;
  /** The server knows by it who asks. */
  readonly #isIdentified: boolean;
  #terms: StoringTerms | null = null;
  #status = 0;
  #head = '';

  /** `clock`: wheel time. `isObserved`: nobody asks, somebody wants to know. */
  constructor(cache: ReplyCache, question: CacheQuestion, clock: () => number, isObserved = false) {
    const { head, target, plan, scheme, upstream } = question;
    this.#cache = cache;
    this.#clock = clock;
    this.#askedAt = clock();
    this.#method = plan.method ?? head.method();
    this.#uri = `${scheme} ${target.host} ${target.port} ${plan.path ?? target.path}${plan.query ?? target.query}`;
    this.#variant = [
      upstream,
      question.forwardedHost,
      ...plan.setFields,
      '',
      ...plan.dropFields,
      '',
      ...plan.guardedFields,
    ].join('\n');
    this.#fields = new SentFields(head, plan);
    this.#isIdentified = plan.guardedFields.length > 0 || this.#fields.get('authorization') !== null;
    const directives = requestDirectives(head);
    this.isOnly = directives.has('only-if-cached');
    const isAsked = isCacheable(question, this.#method, cache.options.methods);
    const isPast = directives.has('no-cache') || directives.has('no-store');
    let outcome: CacheOutcome = isAsked && !isPast ? 'MISS' : 'BYPASS';
    let stored: StoredReply | null = null;
    if (outcome === 'MISS') {
      stored = this.#find(this.#method, directives) ?? (this.#method === 'HEAD' ? this.#find('GET', directives) : null);
      const now = this.#askedAt;
      if (stored !== null && (stored.freshUntil <= now || !stored.isListed())) {
        if (!isObserved) cache.drop(this.#uri, stored);
        stored = null;
        outcome = 'EXPIRED';
      } else if (stored !== null) outcome = 'HIT';
    }
    this.stored = stored;
    this.outcome = outcome;
    if (isObserved) return;
    if (outcome === 'HIT') cache.hits++;
    else if (outcome === 'BYPASS') cache.bypasses++;
    else cache.misses++;
    // What the reply depends on is only known with it.
    if (outcome === 'MISS' || outcome === 'EXPIRED') this.#fields.own();
  }

  /** Age of the stored reply in whole seconds. */
  get ageS(): number {
    return this.stored === null ? 0 : Math.floor(Math.max(0, this.#clock() - this.stored.bornAt) / 1000);
  }

  /** Whether the reply with this head is recorded, beginning with it. */
  begins(head: Head): boolean {
    if (this.outcome === 'HIT' || this.outcome === 'BYPASS') return false;
    const { options } = this.#cache;
    if (head.bodyKind === BodyKind.LENGTH && head.bodyLength > options.maxEntryBytes) return false;
    const delayMs = this.#clock() - this.#askedAt;
    const about = { isIdentified: this.#isIdentified, delayMs, nowMs: Date.now() };
    this.#terms = storingTerms(head, this.#fields, about, options);
    if (this.#terms === null) return false;
    const isEmpty = this.#method === 'HEAD';
    const edits = { listed: connectionNames(head), taken: ['age'], dropLength: !isEmpty, lines: '' };
    this.#head = encodeReply(head, edits);
    this.#status = head.status;
    return true;
  }

  /** Most bytes of a body that is recorded. */
  get maxBytes(): number {
    return this.#cache.options.maxEntryBytes;
  }

  reserve(bytes: number): boolean {
    return this.#cache.reserve(bytes);
  }

  release(bytes: number): void {
    this.#cache.release(bytes);
  }

  keep(body: Buffer): void {
    const terms = this.#terms;
    if (terms === null) return;
    const length = this.#method === 'HEAD' ? '' : `Content-Length: ${body.length}\r\n`;
    const text = `${this.#head.slice(0, -2)}${length}\r\n`;
    const head = Buffer.allocUnsafeSlow(text.length);
    head.latin1Write(text);
    const now = this.#clock();
    const { server } = this;
    this.#cache.store(this.#uri, {
      status: this.#status,
      head,
      body,
      variant: `${this.#method}\n${this.#variant}`,
      vary: terms.vary,
      bornAt: now - terms.ageMs,
      freshUntil: now + terms.freshMs,
      isShared: terms.isShared,
      isTold: terms.isTold,
      isListed: () => server?.listed !== false,
    });
  }

  /** The request has ended with this status: what is kept for its URI may not be true any more (RFC 9111 4.4). */
  ended(status: number): void {
    if (!SAFE.has(this.#method) && status >= 200 && status < 400) this.#cache.delete(this.#uri);
  }

  #find(method: string, directives: Directives): StoredReply | null {
    const variant = `${method}\n${this.#variant}`;
    const maxAgeMs = (secondsOf(directives, 'max-age') ?? Infinity) * 1000;
    const minFreshMs = (secondsOf(directives, 'min-fresh') ?? 0) * 1000;
    const hasCookie = this.#fields.get('cookie') !== null;
    const now = this.#askedAt;
    return this.#cache.find(
      this.#uri,
      (reply) =>
        reply.variant === variant &&
        (reply.isShared || !this.#isIdentified) &&
        (reply.isTold || !hasCookie) &&
        now - reply.bornAt <= maxAgeMs &&
        (minFreshMs === 0 || reply.freshUntil - now >= minFreshMs) &&
        reply.vary.every(([name, value]) => this.#fields.get(name) === value),
    );
  }
}

function requestDirectives(head: Head): Directives {
  const field = head.get('cache-control');
  // RFC 9111 5.4.
  if (field === null && head.get('pragma')?.toLowerCase().includes('no-cache') === true)
    return directivesOf('no-cache');
  return directivesOf(field);
}

/** Whether this request is one that a cache can answer, and whose reply it can keep. */
function isCacheable({ head, plan, isUpgrade }: CacheQuestion, method: string, methods: ReadonlySet<string>): boolean {
  if (!methods.has(method) || isUpgrade) return false;
  const hasBody = head.bodyKind !== BodyKind.NONE && (head.bodyKind !== BodyKind.LENGTH || head.bodyLength > 0);
  if (hasBody || (plan.body !== null && plan.body.length > 0)) return false;
  return CONDITIONS.every((name) => head.get(name) === null);
}

/** Fields that ask for a part, or for what depends on the state at the server. */
const CONDITIONS = ['range', 'if-range', 'if-match', 'if-unmodified-since'];
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
