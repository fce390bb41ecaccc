import type { WorkerLink } from './link.ts';
import type { ToWorker } from './messages.ts';

/** Which workers have been asked for something and have not answered. */
export class Questions {
  readonly #open = new Map<number, Question>();
  #last = 0;

  /** Asks each of them; resolves once all have answered or are gone, or after a bound. `messageOf`: the question by its number. */
  ask(workers: readonly WorkerLink[], messageOf: (question: number) => ToWorker): Promise<void> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      clearTimeout(timer);
      this.#open.delete(id);
      resolve();
    };
    const timer = setTimeout(end, ANSWER_MS);
    this.#open.set(id, { awaited: new Set(workers), end });
    for (const worker of workers) worker.send(messageOf(id));
    if (workers.length === 0) end();
    return promise;
  }

  answered(worker: WorkerLink, id: number): void {
    const question = this.#open.get(id);
    if (question !== undefined) strike(question, worker);
  }

  /** A worker has ended and will answer nothing. */
  gone(worker: WorkerLink): void {
    for (const question of this.#open.values()) strike(question, worker);
  }
}

interface Question {
  readonly awaited: Set<WorkerLink>;
  end(): void;
}

function strike(question: Question, worker: WorkerLink): void {
  question.awaited.delete(worker);
  if (question.awaited.size === 0) question.end();
}

const ANSWER_MS = 1000;
