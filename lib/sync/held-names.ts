import type { Resolver } from '../upstream/resolve.ts';
import type { SyncCore } from './core.ts';

/** Host names that the control plane's state uses, held in the resolver for as long as it does. */
export class HeldNames {
  readonly held = new Set<string>();
  readonly #resolver: Resolver;
  readonly #core: SyncCore;

  constructor(resolver: Resolver, core: SyncCore) {
    this.#resolver = resolver;
    this.#core = core;
  }

  /** These came into use, or went out of it. */
  note(hosts: readonly string[]): void {
    for (const host of hosts) {
      if (this.#core.uses(host) === this.held.has(host)) continue;
      if (this.held.delete(host)) this.release(host);
      else {
        this.held.add(host);
        this.#resolver.hold(host);
      }
    }
  }

  release(host: string): void {
    if (this.#resolver.release(host)) this.#core.forget(host);
  }
}
