import { Fault } from '../core/faults.ts';

interface Waiting {
  readonly maxBytes: number;
  readonly resolve: (body: Buffer | number) => void;
}

/** Nodes of a graph that wait for the whole body of a request. */
export class Gathering {
  /** Most bytes that any of them takes; 0 once none waits. */
  maxBytes = 0;
  #waiting: Waiting[] = [];

  /** Resolves with the body, or with a fault. */
  wait(maxBytes: number): Promise<Buffer | number> {
    const { promise, resolve } = Promise.withResolvers<Buffer | number>();
    this.#waiting.push({ maxBytes, resolve });
    this.maxBytes = Math.max(this.maxBytes, maxBytes, 1);
    return promise;
  }

  /** So many bytes have come, and there are more: those that take no more than that are told. */
  refuse(length: number): void {
    this.#settle((waiting) => (length > waiting.maxBytes ? Fault.BODY_TOO_LARGE : null));
  }

  succeed(body: Buffer): void {
    this.#settle(({ maxBytes }) => (body.length > maxBytes ? Fault.BODY_TOO_LARGE : body));
  }

  fail(fault: number): void {
    this.#settle(() => fault);
  }

  /** Tells those for whom there is an answer. */
  #settle(answer: (waiting: Waiting) => Buffer | number | null): void {
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const result = answer(waiting);
      if (result === null) left.push(waiting);
      else waiting.resolve(result);
    }
    this.#waiting = left;
    this.maxBytes = left.reduce((most, { maxBytes }) => Math.max(most, maxBytes, 1), 0);
  }
}
