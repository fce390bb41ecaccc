import { networkOf } from './network.ts';

/** How many connections each client has open, where that is bounded. */
export class ClientCount {
  readonly #most: number;
  /** By network; what has none is not there. */
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Clients with a connection. */
  get size(): number {
    return this.#open.size;
  }

  /** Counts one more; false if it is one too many, which is counted all the same until it leaves. */
  enter(address: string): boolean {
    const network = networkOf(address);
    const open = (this.#open.get(network) ?? 0) + 1;
    this.#open.set(network, open);
    return open <= this.#most;
  }

  leave(address: string): void {
    const network = networkOf(address);
    const open = (this.#open.get(network) ?? 0) - 1;
    if (open > 0) this.#open.set(network, open);
    else this.#open.delete(network);
  }
}
