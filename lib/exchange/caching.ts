import { secondsOf, type Directives } from '../http/cache-control.ts';
import { encodeReply } from '../http/encode-reply.ts';
import { BodyKind, type Head, type HeadLimits } from '../http/head.ts';
import { connectionNames } from '../http/hop.ts';
import type { ReplyCache, StoredReply, Underway } from '../upstream/reply-cache.ts';
import type { Follower } from '../upstream/convoys.ts';
import type { ReplyCaches } from '../upstream/reply-caches.ts';
import type { Server } from '../upstream/server.ts';
import { cacheKey } from './cache-key.ts';
import { changes, isCacheable, requestDirectives, type CacheQuestion } from './cache-question.ts';
import { freshened, parsed } from './freshening.ts';
import { notModified } from './not-modified.ts';
import type { Recording } from './recorder.ts';
import { SentFields } from './sent-fields.ts';
import { storingTerms, type StoringTerms } from './storable.ts';
import type { FoundReply } from './stored-feed.ts';

/** What a look into the cache has come to, for the access log as nginx says it. */
export type CacheOutcome = 'HIT' | 'MISS' | 'EXPIRED' | 'REVALIDATED' | 'BYPASS';

/** What a look into a cache needs beside the request. */
export interface CacheMeans {
  /** Of all upstreams of the worker. */
  readonly caches: ReplyCaches;
  /** A head that is kept can be read again. */
  readonly limits: HeadLimits;
  /** Wheel time. */
  readonly clock: () => number;
}

/**
 * One request and the cache of its upstream: whether a stored reply answers it, and whether the reply that it gets instead is kept (RFC 9111
 * 3, 4). Whatever a server may tell requests apart by is part of what replies are found by, the fields that the graph has set among it.
 */
export class Caching implements Recording, Underway {
  outcome: CacheOutcome;
  readonly uri: string;
  /** What answers the request; null: a server. */
  readonly stored: StoredReply | null;
  /** The client wants a stored reply or none (RFC 9111 5.2.1.7). */
  readonly isOnly: boolean;
  readonly #cache: ReplyCache;
  readonly #means: CacheMeans;
  readonly #variant: string;
  readonly #method: string;
  readonly #askedAt: number;
  /** Since when its server may have been asked. */
  #sentAt: number;
  readonly #fields: SentFields;
  /** The server knows by it who asks. */
  readonly #isIdentified: boolean;
  /** What its server is asked about: it answers the request if it still holds. */
  readonly #stale: StoredReply | null = null;
  /** Something was written to the URI while the request was under way. */
  #isOutdated = false;
  /** Others may wait for its reply. */
  #leads = false;
  #terms: StoringTerms | null = null;
  #receivedAt = 0;
  #status = 0;
  #head = '';
  /** Who gives the reply that is kept. */
  #server: Server | null = null;

  /** `isObserved`: nobody asks, somebody wants to know. */
  constructor(cache: ReplyCache, question: CacheQuestion, means: CacheMeans, isObserved = false) {
    const { head, plan } = question;
    this.#cache = cache;
    this.#means = means;
    this.#askedAt = means.clock();
    this.#sentAt = this.#askedAt;
    this.#method = plan.method ?? head.method();
    const { uri, variant } = cacheKey(question);
    this.uri = uri;
    this.#variant = variant;
    this.#fields = new SentFields(head, plan);
    this.#isIdentified = plan.guardedFields.length > 0 || this.#fields.get('authorization') !== null;
    const directives = requestDirectives(head);
    this.isOnly = directives.has('only-if-cached');
    const isAsked = isCacheable(question, this.#method, cache.options.methods);
    const isPast = directives.has('no-cache') || directives.has('no-store');
    let outcome: CacheOutcome = isAsked && !isPast ? 'MISS' : 'BYPASS';
    let stored: StoredReply | null = null;
    if (outcome === 'MISS') {
      const known = this.#known();
      stored = known.find((reply) => this.#isFresh(reply, directives)) ?? null;
      if (stored !== null) outcome = 'HIT';
      else if (known.length > 0) {
        outcome = 'EXPIRED';
        this.#stale = known.find(({ etag, lastModified }) => etag !== null || lastModified !== null) ?? null;
        if (!isObserved) for (const reply of known) if (this.#isUseless(reply)) cache.drop(uri, reply);
      }
    }
    this.stored = stored;
    this.outcome = outcome;
    if (isObserved || (outcome !== 'MISS' && outcome !== 'EXPIRED')) return;
    // What the reply depends on is only known with it.
    this.#fields.own();
    cache.begin(this);
  }

  /** How long the request may wait for another one that asks for the same; 0: not at all. */
  get collapseMs(): number {
    return this.outcome === 'MISS' || this.outcome === 'EXPIRED' ? this.#cache.options.collapseMs : 0;
  }

  /** Whether the request waits for another one. If not it goes to a server, and others may wait for it. */
  follows(follower: Follower): boolean {
    const way = this.#cache.convoys.join(this.#convoy, follower, this.#means.clock());
    this.#leads = way === 'leads';
    if (way === 'follows') return true;
    // What happened while it waited is no concern of its own request.
    this.#isOutdated = false;
    this.#sentAt = this.#means.clock();
    return false;
  }

  unfollow(follower: Follower): void {
    this.#cache.convoys.leave(this.#convoy, follower);
  }

  /** What answers the request now, after it has waited; null: still nothing. */
  again(): FoundReply | null {
    const now = this.#means.clock();
    const reply = this.#known().find(({ freshUntil }) => freshUntil > now) ?? null;
    if (reply === null) return null;
    this.outcome = 'HIT';
    return { reply, head: notModified(this.#fields, reply), ageS: this.#ageOf(reply) };
  }

  /** Age of the stored reply in whole seconds. */
  get ageS(): number {
    return this.stored === null ? 0 : this.#ageOf(this.stored);
  }

  /** Fields by which the server is asked whether the stale reply still holds (RFC 9111 4.3.1); none: it is not. */
  get conditions(): readonly string[] {
    if (this.#stale === null) return NONE;
    const { etag, lastModified } = this.#stale;
    return [
      ...(etag === null ? [] : ['If-None-Match', etag]),
      ...(lastModified === null ? [] : ['If-Modified-Since', lastModified]),
    ];
  }

  /**
   * What answers the request where a server says with this head that the stale reply still holds; null: it does not say that. As its server
   * has it now it is kept for others, if it still may be.
   */
  freshened(head: Head, server: Server | null): FoundReply | null {
    const stale = this.#stale;
    if (stale === null || head.status !== 304) return null;
    this.outcome = 'REVALIDATED';
    const whole = freshened(stale.head, head, this.#means.limits);
    const terms = this.#termsOf(whole);
    const edits = { listed: null, taken: AGE, dropLength: false, lines: '' };
    const now = this.#means.clock();
    const reply: StoredReply = {
      ...stale,
      head: Buffer.from(encodeReply(whole, edits), 'latin1'),
      ...(terms === null ? { bornAt: now } : this.#lifeOf(terms, now)),
      isListed: () => server?.listed !== false,
    };
    this.#cache.drop(this.uri, stale);
    if (terms !== null && !this.#isOutdated) this.#cache.store(this.uri, reply);
    this.#lands(terms === null || terms.freshMs <= 0);
    return { reply, head: notModified(this.#fields, reply), ageS: this.#ageOf(reply) };
  }

  /** Whether the reply with this head is recorded, beginning with it. */
  begins(head: Head): boolean {
    if (this.outcome !== 'MISS' && this.outcome !== 'EXPIRED') return false;
    const { options } = this.#cache;
    this.#receivedAt = this.#means.clock();
    this.#terms = this.#termsOf(head);
    // What is said now is not what was said then.
    if (this.#stale !== null && head.status < 500) this.#cache.drop(this.uri, this.#stale);
    const isLarge = head.bodyKind === BodyKind.LENGTH && head.bodyLength > options.maxEntryBytes;
    // Nobody waits for what is not going to be kept, nor for what each has to ask about.
    if (this.#terms === null || isLarge || this.#terms.freshMs <= 0) this.#lands(head.status < 500);
    if (this.#terms === null || isLarge) return false;
    const isEmpty = this.#method === 'HEAD';
    const edits = { listed: connectionNames(head), taken: AGE, dropLength: !isEmpty, lines: '' };
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

  givesUp(): void {
    this.#lands(true);
  }

  keep(body: Buffer): void {
    const terms = this.#terms;
    if (terms === null || this.#isOutdated) return;
    const length = this.#method === 'HEAD' ? '' : `Content-Length: ${body.length}\r\n`;
    const text = `${this.#head.slice(0, -2)}${length}\r\n`;
    const head = Buffer.allocUnsafeSlow(text.length);
    head.latin1Write(text);
    // With what was put in it may be larger than a head may be.
    if (parsed(head, this.#means.limits) === null) return;
    const server = this.#server;
    this.#cache.store(this.uri, {
      status: this.#status,
      head,
      body,
      variant: `${this.#method}\n${this.#variant}`,
      ...this.#lifeOf(terms, this.#receivedAt),
      isListed: () => server?.listed !== false,
    });
    this.#lands(false);
  }

  outdate(): void {
    this.#isOutdated = true;
  }

  /** The reply of a server is passed on: what is kept for its URI may not be true any more (RFC 9111 4.4). */
  passes(server: Server | null, status: number): void {
    this.#server = server;
    if (changes(this.#method, status)) this.#means.caches.written(this.uri);
  }

  /** The request has ended with this status. */
  ended(status: number): void {
    this.passes(null, status);
    const cache = this.#cache;
    cache.end(this);
    this.#lands(false);
    if (this.outcome === 'HIT') cache.hits++;
    else if (this.outcome === 'BYPASS') cache.bypasses++;
    else if (this.outcome === 'REVALIDATED') cache.revalidations++;
    else cache.misses++;
  }

  /** Those who wait for this request look again, if there are any. */
  #lands(isUnkept: boolean): void {
    if (!this.#leads) return;
    this.#leads = false;
    this.#cache.convoys.ended(this.#convoy, isUnkept, this.#means.clock());
  }

  /** What requests have in common that may get the same reply, but for what that depends on. */
  get #convoy(): string {
    const isTold = this.#fields.get('cookie') === null ? '' : 'cookie';
    return `${this.uri}\n${this.#isIdentified ? 'known' : ''}\n${isTold}\n${this.#method}\n${this.#variant}`;
  }

  /** All that is kept for such a request, what it wants most first. */
  #known(): StoredReply[] {
    const hasCookie = this.#fields.get('cookie') !== null;
    const found: StoredReply[] = [];
    for (const method of this.#method === 'HEAD' ? ['HEAD', 'GET'] : [this.#method]) {
      const variant = `${method}\n${this.#variant}`;
      const reply = this.#cache.find(
        this.uri,
        (one) =>
          one.variant === variant &&
          (one.isShared || !this.#isIdentified) &&
          (one.isTold || !hasCookie) &&
          one.vary.every(([name, value]) => this.#fields.get(name) === value),
      );
      if (reply !== null && reply.isListed()) found.push(reply);
      else if (reply !== null) this.#cache.drop(this.uri, reply);
    }
    return found;
  }

  /** Fresh, also for this client. */
  #isFresh({ bornAt, freshUntil }: StoredReply, directives: Directives): boolean {
    const maxAgeMs = (secondsOf(directives, 'max-age') ?? Infinity) * 1000;
    const minFreshMs = (secondsOf(directives, 'min-fresh') ?? 0) * 1000;
    const now = this.#askedAt;
    return freshUntil > now && now - bornAt <= maxAgeMs && (minFreshMs === 0 || freshUntil - now >= minFreshMs);
  }

  /** Stale for everybody, and nobody can be asked about it. */
  #isUseless({ freshUntil, etag, lastModified }: StoredReply): boolean {
    return freshUntil <= this.#askedAt && etag === null && lastModified === null;
  }

  #ageOf({ bornAt }: StoredReply): number {
    return Math.floor(Math.max(0, this.#means.clock() - bornAt) / 1000);
  }

  #termsOf(head: Head): StoringTerms | null {
    const delayMs = this.#means.clock() - this.#sentAt;
    const about = { isIdentified: this.#isIdentified, delayMs, nowMs: Date.now() };
    return storingTerms(head, this.#fields, about, this.#cache.options);
  }

  /** `receivedAt`: wheel time of its head. Its texts are its own, not parts of heads that they would hold on to. */
  #lifeOf({ ageMs, freshMs, isShared, isTold, etag, lastModified, vary }: StoringTerms, receivedAt: number) {
    return {
      bornAt: receivedAt - ageMs,
      freshUntil: receivedAt + freshMs,
      isShared,
      isTold,
      etag: ownText(etag),
      lastModified: ownText(lastModified),
      vary: vary.map(([name, value]) => [name, ownText(value)] as const),
    };
  }
}

/** Every character is one byte. */
function ownText(text: string | null): string | null {
  return text === null ? null : Buffer.from(text, 'latin1').latin1Slice();
}

const NONE: readonly string[] = [];
const AGE: readonly string[] = ['age'];
