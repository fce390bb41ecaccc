import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import type { Caller } from '../core/caller.ts';
import { monotonicMs } from '../core/clock.ts';

/** Finds the key that a token says it was signed with. */
export type FindKey = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** Thrown where no keys are known and none can be had at this moment. */
export class NoKeys extends Error {}

/**
 * The keys at a URL (RFC 7517): fetched when the first token needs them, and again when they are older than `refreshMs`, or a token names one
 * that is not among them - the issuer has a new one. Between two fetches are `cooldownMs`, whatever tokens say and whether the
 * fetch went well: nobody can have an issuer called for every request. Keys that cannot be fetched anew are good for `staleMs`.
 */
export class KeySet {
  readonly #url: string;
  readonly #clock: () => number;
  #find: FindKey | null = null;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #fetching: Promise<void> | null = null;
  #problem = '';

  constructor(url: string, clock: () => number = monotonicMs) {
    this.#url = url;
    this.#clock = clock;
  }

  /** Rejected with `NoKeys`, or with what `jose` says of a token whose key is not there. */
  async key(header: JWSHeaderParameters, token: FlattenedJWSInput, caller: Caller): Promise<CryptoKey> {
    const age = this.#clock() - this.#fetchedAt;
    if (age > STALE_MS) await this.#fetch(caller);
    else if (age > REFRESH_MS) void this.#fetch(caller);
    const find = this.#usable();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_JWKS_NO_MATCHING_KEY')) throw error;
      const before = this.#fetchedAt;
      await this.#fetch(caller);
      if (this.#fetchedAt === before) throw error;
      return this.#usable()(header, token);
    }
  }

  #usable(): FindKey {
    if (this.#find === null || this.#clock() - this.#fetchedAt > STALE_MS)
      throw new NoKeys(`${this.#url}: ${this.#problem}`);
    return this.#find;
  }

  /** Never rejected: what is known stays, whatever comes of it. */
  #fetch(caller: Caller): Promise<void> {
    if (this.#fetching !== null) return this.#fetching;
    if (this.#clock() - this.#triedAt < COOLDOWN_MS) return DONE;
    this.#triedAt = this.#clock();
    this.#fetching = this.#load(caller)
      .catch((error: unknown) => {
        this.#problem = error instanceof Error ? error.message : String(error);
      })
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }

  async #load(caller: Caller): Promise<void> {
    const fields = ['Accept', 'application/jwk-set+json, application/json'];
    const { status, body } = await caller.call({
      url: this.#url,
      method: 'GET',
      fields,
      body: null,
      timeoutMs: 5000,
      maxBytes: MAX_BYTES,
    });
    if (status !== 200) throw new Error(`answers ${status}`);
    const { createLocalJWKSet } = await import('jose');
    // `createLocalJWKSet` checks the shape.
    this.#find = createLocalJWKSet(JSON.parse(body.toString('utf8')) as JSONWebKeySet);
    this.#fetchedAt = this.#clock();
  }
}

const DONE = Promise.resolve();
const REFRESH_MS = 600_000;
const STALE_MS = 86_400_000;
const COOLDOWN_MS = 10_000;
const MAX_BYTES = 262_144;
