import type { ListenAddress } from '../core/listener.ts';
import type { PrimaryLink, StartWorker, WorkerLink } from './link.ts';
import { Worker } from './worker.ts';
import type { CreatePlane } from './worker.ts';

/** Starts a worker inside the primary's process: the same messages, carried by microtasks instead of a pipe. */
export function sameProcess(create: CreatePlane, listen: () => readonly ListenAddress[]): StartWorker {
  return (events) => {
    let alive = true;
    const exit = (reason: string): void => {
      if (!alive) return;
      alive = false;
      events.onExit(reason);
    };
    const primary: PrimaryLink = {
      send: (message, written) => {
        queueMicrotask(() => {
          if (alive) events.onMessage(message);
          written?.();
        });
      },
    };
    const worker = new Worker(primary, create, () => exit('drained'));
    const link: WorkerLink = {
      pid: 0,
      listen: listen(),
      isTold: false,
      send: (message, written, carrier) => {
        queueMicrotask(() => worker.handle(message, carrier));
        if (written !== undefined) setImmediate(written);
      },
      kill: () => {
        queueMicrotask(() => exit('killed'));
      },
    };
    return link;
  };
}
