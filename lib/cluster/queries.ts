import type { AnswerTo, WorkerAnswer, WorkerQuery } from '../core/worker-query.ts';
import type { WorkerLink } from './link.ts';

/** What workers have been asked and have not answered, and what they have answered so far. */
export class Queries {
  readonly #open = new Map<number, Open>();
  #last = 0;

  /** Asks each of them; resolves with what they have answered once all have, or are gone, or after a bound. */
  ask<Query extends WorkerQuery>(workers: readonly WorkerLink[], query: Query): Promise<readonly AnswerTo<Query>[]> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<readonly AnswerTo<Query>[]>();
    const answers: WorkerAnswer[] = [];
    const end = (): void => {
      clearTimeout(timer);
      this.#open.delete(id);
      // Workers answer what they are asked.
      resolve(answers as AnswerTo<Query>[]);
    };
    const timer = setTimeout(end, ANSWER_MS);
    this.#open.set(id, { awaited: new Set(workers), answers, end });
    for (const worker of workers) worker.send({ kind: 'query', question: id, query });
    if (workers.length === 0) end();
    return promise;
  }

  /** `answer`: null where the worker cannot say. */
  answered(worker: WorkerLink, id: number, answer: WorkerAnswer | null): void {
    const open = this.#open.get(id);
    if (open === undefined || !open.awaited.has(worker)) return;
    if (answer !== null) open.answers.push(answer);
    strike(open, worker);
  }

  /** A worker has ended and will answer nothing. */
  gone(worker: WorkerLink): void {
    for (const open of this.#open.values()) strike(open, worker);
  }
}

interface Open {
  readonly awaited: Set<WorkerLink>;
  readonly answers: WorkerAnswer[];
  end(): void;
}

function strike(open: Open, worker: WorkerLink): void {
  if (open.awaited.delete(worker) && open.awaited.size === 0) open.end();
}

/** A node that is explained may have to wait for somebody else. */
const ANSWER_MS = 10_000;
