import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashQuestion } from './hash-thread.ts';

/** Thrown where so many passwords wait to be hashed already that one more would wait too long. */
export class HasherBusy extends Error {}

interface Waiting {
  resolve(fits: boolean): void;
  reject(error: Error): void;
}

/**
 * Compares passwords with stored hashes in a thread of its own, which begins with the first question: what serves requests is never held
 * up by a hash. One after the other, and at most `maxWaiting` at a time, so that guessing costs those who guess, not the machine.
 */
export class Hasher {
  readonly #maxWaiting: number;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | null = null;
  #last = 0;

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** Whether a password fits. Rejected with `HasherBusy`, or where the thread has failed. */
  fits(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.size >= this.#maxWaiting) return Promise.reject(new HasherBusy());
    this.#thread ??= this.#start();
    const id = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#waiting.set(id, { resolve, reject });
    this.#thread.postMessage({ id, password, hash } satisfies HashQuestion);
    return promise;
  }

  async stop(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): Worker {
    // The thread inherits no flags: some are for processes only.
    const thread = new Worker(new URL(`./hash-thread${extname(import.meta.url)}`, import.meta.url), { execArgv: [] });
    thread.on('message', ({ id, fits }: HashAnswer) => {
      this.#waiting.get(id)?.resolve(fits);
      this.#waiting.delete(id);
    });
    thread.on('error', (error) => this.#failed(thread, error instanceof Error ? error : new Error(String(error))));
    thread.on('exit', () => this.#failed(thread, new Error('the thread that hashes has ended')));
    // Behind the listeners, which would have the process wait for it again.
    thread.unref();
    return thread;
  }

  /** The next question starts another thread. */
  #failed(thread: Worker, error: Error): void {
    if (thread !== this.#thread) return;
    this.#thread = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** At 50 ms each, the last one waits for three seconds. */
const MAX_WAITING = 64;

/** One for the process, whatever its graphs are. */
export const hasher = new Hasher();
