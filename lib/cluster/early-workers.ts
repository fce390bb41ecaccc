import type { StartWorker, WorkerEvents, WorkerLink } from './link.ts';
import type { ToWorker } from './messages.ts';

/** What a worker is told first. */
type FirstWords = (link: WorkerLink) => ToWorker & { readonly kind: 'start' };

/**
 * Starts a few workers at once, before there is anybody to hear them, so that they come up beside what is loaded meanwhile. They are
 * the first ones that are then asked for; what they have said waits for whoever asks. A process that ends before it has asked for
 * them takes them along. `heard` resolves when all have said something.
 */
export function startEarly(
  start: StartWorker,
  count: number,
  firstWords: FirstWords,
): { readonly startWorker: StartWorker; readonly heard: Promise<unknown> } {
  const early = Array.from({ length: count }, () => new EarlyWorker(start, firstWords));
  process.once('exit', () => {
    for (const worker of early) worker.kill();
  });
  const heard = Promise.all(early.map((worker) => worker.heard.promise));
  return { startWorker: (events) => early.shift()?.handTo(events) ?? start(events), heard };
}

class EarlyWorker {
  readonly #link: WorkerLink;
  readonly heard: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #waiting: ((events: WorkerEvents) => void)[] = [];
  #events: WorkerEvents | null = null;

  constructor(start: StartWorker, firstWords: FirstWords) {
    const link = start({
      onMessage: (message) => this.#tell((events) => events.onMessage(message)),
      onExit: (reason) => this.#tell((events) => events.onExit(reason)),
    });
    link.send(firstWords(link));
    this.#link = { ...link, isTold: true };
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
