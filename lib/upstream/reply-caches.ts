import type { ReplyCache } from './reply-cache.ts';

/** What an operator wants forgotten. */
export interface Forgetting {
  /** URIs as replies are kept by; one that ends with `*` stands for all that begin so. */
  readonly uris: readonly string[];
  /** Names of upstreams of which nothing is to be kept. */
  readonly upstreams: readonly string[];
}

/** The caches of all upstreams of a worker: what is written to a URI by way of one of them, all of them have to know, and those of the other workers. */
export class ReplyCaches {
  /** By the name of the upstream. */
  readonly #caches = new Map<string, ReplyCache>();
  readonly #tell: (uris: readonly string[]) => void;
  #untold = new Set<string>();

  /** `tell`: has the other workers `learn`. */
  constructor(tell: (uris: readonly string[]) => void) {
    this.#tell = tell;
  }

  get isEmpty(): boolean {
    return this.#caches.size === 0;
  }

  set(upstream: string, cache: ReplyCache | null): void {
    if (cache === null) this.#caches.delete(upstream);
    else this.#caches.set(upstream, cache);
  }

  /** Something was written there. The other workers are told once in a turn. */
  written(uri: string): void {
    for (const cache of this.#caches.values()) cache.forget(uri);
    if (this.#untold.size === 0) setImmediate(() => this.#tellAll());
    this.#untold.add(uri);
  }

  /** Something was written there by way of another worker. */
  learn(uris: readonly string[]): void {
    for (const uri of uris) for (const cache of this.#caches.values()) cache.forget(uri);
  }

  /** Answers how many replies were forgotten. */
  forget({ uris, upstreams }: Forgetting): number {
    const exact = new Set(uris.filter((uri) => !uri.endsWith('*')));
    const prefixes = uris.filter((uri) => uri.endsWith('*')).map((uri) => uri.slice(0, -1));
    const isMeant = (uri: string): boolean => exact.has(uri) || prefixes.some((prefix) => uri.startsWith(prefix));
    let forgotten = 0;
    for (const [name, cache] of this.#caches)
      forgotten += cache.forgetAll(upstreams.includes(name) ? () => true : isMeant);
    return forgotten;
  }

  #tellAll(): void {
    const uris = [...this.#untold];
    this.#untold = new Set();
    this.#tell(uris);
  }
}
