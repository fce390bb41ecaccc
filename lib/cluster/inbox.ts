import type { Carrier } from '../net/carrier.ts';
import type { ToWorker } from './messages.ts';

/** Puts together what comes to a worker: messages, and on another way the sockets that go with some of them. What comes behind such a message waits for its socket. */
export class Inbox {
  readonly #handle: (message: ToWorker, carrier?: Carrier) => void;
  readonly #waiting: ToWorker[] = [];
  readonly #carriers: Carrier[] = [];

  constructor(handle: (message: ToWorker, carrier?: Carrier) => void) {
    this.#handle = handle;
  }

  add(message: ToWorker): void {
    if (this.#waiting.length === 0 && message.kind !== 'open') {
      this.#handle(message);
      return;
    }
    this.#waiting.push(message);
    this.#settle();
  }

  addCarrier(carrier: Carrier): void {
    this.#carriers.push(carrier);
    this.#settle();
  }

  #settle(): void {
    for (let [message] = this.#waiting; message !== undefined; [message] = this.#waiting) {
      const carrier = message.kind === 'open' ? this.#carriers.shift() : undefined;
      if (message.kind === 'open' && carrier === undefined) return;
      this.#waiting.shift();
      this.#handle(message, carrier);
    }
  }
}
