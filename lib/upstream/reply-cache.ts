import { Convoys } from './convoys.ts';
import type { CacheOptions } from './options/cache.ts';

/** A reply as it is kept: which requests it is for, and until when it is fresh. Bytes are its own. */
export interface StoredReply {
  readonly status: number;
  /** As a server would send it; its length is in it. */
  readonly head: Buffer;
  /** Empty for what answers HEAD only. */
  readonly body: Buffer;
  /** Beside its URI: which requests it is for. */
  readonly variant: string;
  /** Fields of the request that it depends on, in lower case, with what they said (Vary). */
  readonly vary: readonly (readonly [lowerName: string, value: string | null])[];
  /** Wheel time at which it was made, and until when it is fresh. */
  readonly bornAt: number;
  readonly freshUntil: number;
  /** May answer requests by which the server knows the client. */
  readonly isShared: boolean;
  /** It says itself how long it is fresh. */
  readonly isTold: boolean;
  /** By which its server can be asked whether it still holds (RFC 9110 8.8); null: not by this. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Whether the server that gave it is still one of the upstream. */
  isListed(): boolean;
}

/** A request whose reply may be kept once it is there. */
export interface Underway {
  readonly uri: string;
  /** Something was written to its URI meanwhile: what it is going to be told may be older than that. */
  outdate(): void;
}

/**
 * The replies of one upstream that a worker keeps: by their URI, each with its variants, the least wanted first. Its bytes are bounded, those of
 * replies that are still being recorded among them.
 */
export class ReplyCache {
  readonly options: CacheOptions;
  /** Of all that is kept. */
  bytes = 0;
  // What has happened since it was told last.
  hits = 0;
  misses = 0;
  bypasses = 0;
  /** Requests that a kept reply has answered because its server says that it still holds. */
  revalidations = 0;
  /** Requests that wait for each other. */
  readonly convoys = new Convoys();
  readonly #replies = new Map<string, StoredReply[]>();
  /** By their URI. */
  readonly #underway = new Map<string, Set<Underway>>();
  /** Bytes of replies that are being recorded. */
  #recording = 0;

  constructor(options: CacheOptions) {
    this.options = options;
  }

  /** URIs of which it has something. */
  get size(): number {
    return this.#replies.size;
  }

  /** What is kept for a URI, the newest first; those that `fits` does not take are passed over. */
  find(uri: string, fits: (reply: StoredReply) => boolean): StoredReply | null {
    const replies = this.#replies.get(uri);
    if (replies === undefined) return null;
    const found = replies.find(fits);
    if (found === undefined) return null;
    // It is wanted: behind all others.
    this.#replies.delete(uri);
    this.#replies.set(uri, replies);
    return found;
  }

  /** Keeps a reply in the place of one for the same requests. */
  store(uri: string, reply: StoredReply): void {
    const replies = this.#replies.get(uri) ?? [];
    const others = replies.filter((one) => !isSame(one, reply)).slice(0, MOST_VARIANTS - 1);
    this.#delete(uri);
    const all = [reply, ...others];
    this.#replies.set(uri, all);
    this.bytes += sizeOf(uri, all);
    this.#makeRoom();
  }

  /** A request has gone to a server whose reply may be kept. */
  begin(one: Underway): void {
    const others = this.#underway.get(one.uri);
    if (others === undefined) this.#underway.set(one.uri, new Set([one]));
    else others.add(one);
  }

  /** It has its reply, or never gets one. */
  end(one: Underway): void {
    const all = this.#underway.get(one.uri);
    if (all?.delete(one) === true && all.size === 0) this.#underway.delete(one.uri);
  }

  /** What is kept for a URI, and what is on its way, is not true any more. */
  forget(uri: string): void {
    this.#delete(uri);
    for (const one of this.#underway.get(uri) ?? []) one.outdate();
  }

  /** The same for all URIs that are meant; answers how many replies there were. */
  forgetAll(isMeant: (uri: string) => boolean): number {
    let forgotten = 0;
    for (const [uri, replies] of this.#replies) {
      if (!isMeant(uri)) continue;
      forgotten += replies.length;
      this.#delete(uri);
    }
    for (const [uri, all] of this.#underway) if (isMeant(uri)) for (const one of all) one.outdate();
    return forgotten;
  }

  #delete(uri: string): void {
    const replies = this.#replies.get(uri);
    if (replies === undefined) return;
    this.#replies.delete(uri);
    this.bytes -= sizeOf(uri, replies);
  }

  /** Forgets one reply: it is of no use any more. */
  drop(uri: string, reply: StoredReply): void {
    const replies = this.#replies.get(uri);
    if (replies === undefined || !replies.includes(reply)) return;
    this.bytes -= sizeOf(uri, replies);
    const others = replies.filter((one) => one !== reply);
    if (others.length === 0) this.#replies.delete(uri);
    else this.#replies.set(uri, others);
    this.bytes += others.length === 0 ? 0 : sizeOf(uri, others);
  }

  /** Takes memory for so much of a reply that is being recorded; false: there is none. */
  reserve(bytes: number): boolean {
    if (this.#recording + bytes > this.options.maxBytes / 4) return false;
    this.#recording += bytes;
    this.#makeRoom();
    return true;
  }

  release(bytes: number): void {
    this.#recording -= bytes;
  }

  take(): CacheCounts {
    const { hits, misses, bypasses, revalidations } = this;
    this.hits = 0;
    this.misses = 0;
    this.bypasses = 0;
    this.revalidations = 0;
    return {
      cacheHits: hits,
      cacheMisses: misses,
      cacheBypasses: bypasses,
      cacheRevalidations: revalidations,
      cacheBytes: this.bytes,
    };
  }

  #makeRoom(): void {
    const { maxBytes } = this.options;
    for (const [uri, replies] of this.#replies) {
      if (this.bytes + this.#recording <= maxBytes) return;
      // Where one URI takes it all, its oldest variants go first: it would else begin anew with every variant.
      if (this.#replies.size === 1) this.#shorten(uri, replies);
      else this.#delete(uri);
    }
  }

  #shorten(uri: string, replies: readonly StoredReply[]): void {
    const kept = [...replies];
    while (kept.length > 0 && this.bytes + this.#recording > this.options.maxBytes) {
      this.bytes -= sizeOf(uri, kept);
      kept.pop();
      if (kept.length > 0) this.bytes += sizeOf(uri, kept);
    }
    if (kept.length > 0) this.#replies.set(uri, kept);
    else this.#replies.delete(uri);
  }
}

/** What a cache has to tell: counts since it told last, and its bytes as they are. */
export interface CacheCounts {
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Requests that were not looked up. */
  readonly cacheBypasses: number;
  /** Answered from memory because a server says that it still holds. */
  readonly cacheRevalidations: number;
  readonly cacheBytes: number;
}

export const NOTHING_CACHED: CacheCounts = {
  cacheHits: 0,
  cacheMisses: 0,
  cacheBypasses: 0,
  cacheRevalidations: 0,
  cacheBytes: 0,
};

/** Whether both are for the same requests. */
function isSame(one: StoredReply, other: StoredReply): boolean {
  return (
    one.variant === other.variant &&
    one.vary.length === other.vary.length &&
    one.vary.every(([name, value], i) => other.vary[i]?.[0] === name && other.vary[i]?.[1] === value)
  );
}

function sizeOf(uri: string, replies: readonly StoredReply[]): number {
  let bytes = OVERHEAD_BYTES + uri.length;
  for (const { head, body, variant, vary, etag, lastModified } of replies) {
    bytes += OVERHEAD_BYTES + head.length + body.length + variant.length;
    bytes += (etag?.length ?? 0) + (lastModified?.length ?? 0);
    for (const [name, value] of vary) bytes += name.length + (value?.length ?? 0);
  }
  return bytes;
}

/** Of one URI; more would make looking for one slow. */
const MOST_VARIANTS = 64;
/** What objects take, about. */
const OVERHEAD_BYTES = 512;
