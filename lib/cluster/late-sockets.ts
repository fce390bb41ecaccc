import { formatListenAddress, type ListenAddress } from '../core/listener.ts';
import type { Carrier } from '../net/carrier.ts';
import type { WorkerLink } from './link.ts';

/**
 * Listening sockets that came, or went, after the first worker was started. A worker is told of all of them, in their order, whatever it
 * was given at its start; what it knows already is no news to it.
 */
export class LateSockets {
  readonly #workers: () => Iterable<{ readonly link: WorkerLink }>;
  /** By the address as it is written; null: it is gone. */
  readonly #known = new Map<string, { readonly address: ListenAddress; readonly carrier: Carrier | null }>();

  constructor(workers: () => Iterable<{ readonly link: WorkerLink }>) {
    this.#workers = workers;
  }

  /** Has every worker listen there as well, those that are started from now on, too. */
  open(address: ListenAddress, carrier: Carrier): void {
    this.#known.set(formatListenAddress(address), { address, carrier });
    for (const { link } of this.#workers()) link.send({ kind: 'open', address }, undefined, carrier);
  }

  /** Has every worker listen there no more. */
  shut(address: ListenAddress): void {
    this.#known.set(formatListenAddress(address), { address, carrier: null });
    for (const { link } of this.#workers()) link.send({ kind: 'shut', address });
  }

  /** Has the only worker there is, which is this process, ask something else of who comes there. */
  rename(from: ListenAddress, to: ListenAddress): void {
    for (const { link } of this.#workers()) link.send({ kind: 'rename', from, to });
  }

  /** Tells a worker that has just been started. */
  follow(link: WorkerLink): void {
    for (const { address, carrier } of this.#known.values()) {
      if (carrier === null) link.send({ kind: 'shut', address });
      else link.send({ kind: 'open', address }, undefined, carrier);
    }
  }
}
