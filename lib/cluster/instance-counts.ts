import { InstancePlaces } from './instance-places.ts';
import { InstanceRates } from './instance-rates.ts';
import type { WorkerLink } from './link.ts';
import type { ToPrimary } from './messages.ts';

/** What the workers of an instance count together, in their primary, and the answers to what they ask of it. */
export class InstanceCounts {
  readonly #rates = new InstanceRates();
  readonly #places = new InstancePlaces();

  took(worker: number, link: WorkerLink, message: ToPrimary & { readonly kind: 'rate' | 'enter' | 'leave' }): void {
    switch (message.kind) {
      case 'rate':
        link.send({ kind: 'rated', question: message.question, verdict: this.#rates.take(message.asked) });
        break;
      case 'enter': {
        const isGranted = this.#places.enter(worker, message.asked);
        link.send({ kind: 'entered', question: message.question, isGranted });
        break;
      }
      case 'leave':
        this.#places.leave(worker, message.place);
        break;
    }
  }

  /** A worker is gone, and what it has held is free. */
  gone(worker: number): void {
    this.#places.gone(worker);
  }
}
