import type { StartWorker, WorkerEvents, WorkerLink } from './link.ts';
import type { ToWorker } from './messages.ts';

/** What a worker is told first. */
type FirstWords = (link: WorkerLink) => ToWorker & { readonly kind: 'start' };

export interface EarlyWorkers {
  readonly startWorker: StartWorker;
  /** Starts as many as are missing to that number. */
  upTo(count: number): void;
  /** Tells each what it is told first, once that is known. */
  greet(firstWords: FirstWords): void;
  /** Resolves when all have said something. */
  readonly heard: Promise<unknown>;
}

/**
 * Starts a worker at once, and others when it is told how many there are to be, before there is anybody to hear them, so that they come up beside what
 * is loaded meanwhile. They are the first ones that are then asked for; what they have said waits for whoever asks. A process that ends before it has asked for
 * them takes them along.
 */
export function startEarly(start: StartWorker): EarlyWorkers {
  const early = [new EarlyWorker(start)];
  process.once('exit', () => {
    for (const worker of early) worker.kill();
  });
  return {
    startWorker: (events) => early.shift()?.handTo(events) ?? start(events),
    upTo: (count) => {
      while (early.length < count) early.push(new EarlyWorker(start));
    },
    greet: (firstWords) => {
      for (const worker of early) worker.greet(firstWords);
    },
    get heard() {
      return Promise.all(early.map((worker) => worker.heard.promise));
    },
  };
}

class EarlyWorker {
  readonly #link: WorkerLink;
  readonly heard: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #waiting: ((events: WorkerEvents) => void)[] = [];
  #events: WorkerEvents | null = null;

  constructor(start: StartWorker) {
    const link = start({
      onMessage: (message) => this.#tell((events) => events.onMessage(message)),
      onExit: (reason) => this.#tell((events) => events.onExit(reason)),
    });
    this.#link = { ...link, isTold: true };
  }

  greet(firstWords: FirstWords): void {
    this.#link.send(firstWords(this.#link));
  }

  /** Events come in a later turn, as those of any start. */
  handTo(events: WorkerEvents): WorkerLink {
    setImmediate(() => {
      this.#events = events;
      for (const tell of this.#waiting.splice(0)) tell(events);
    });
    return this.#link;
  }

  kill(): void {
    this.#link.kill();
  }

  #tell(tell: (events: WorkerEvents) => void): void {
    this.heard.resolve();
    if (this.#events === null) this.#waiting.push(tell);
    else tell(this.#events);
  }
}
