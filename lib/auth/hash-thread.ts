import { parentPort } from 'node:worker_threads';
import { passwordFits } from './password-hash.ts';

/** One question to the thread that hashes, and its answer under the same number. */
export interface HashQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface HashAnswer {
  readonly id: number;
  readonly fits: boolean;
}

// The thread's program: `Hasher` is the only one that starts it, and sends nothing else.
parentPort?.on('message', ({ id, password, hash }: HashQuestion) => {
  parentPort?.postMessage({ id, fits: passwordFits(password, hash) } satisfies HashAnswer);
});
