import type { Place, PlaceQuestion, SharedPlaces } from '../core/shared-places.ts';

/** A place of a worker, as its primary knows it. Plain data. */
export interface HeldPlace {
  readonly limit: string;
  readonly value: string;
}

/**
 * A worker's line to its primary, which knows how many requests of all workers of an instance are under way. A place that is granted when
 * nobody waits for it any more is given back at once.
 */
export class PlaceLine implements SharedPlaces {
  readonly #ask: (question: number, asked: PlaceQuestion) => void;
  readonly #leave: (place: HeldPlace) => void;
  readonly #open = new Map<number, Waiting>();
  #last = 0;

  constructor(ask: (question: number, asked: PlaceQuestion) => void, leave: (place: HeldPlace) => void) {
    this.#ask = ask;
    this.#leave = leave;
  }

  enter(asked: PlaceQuestion): Promise<Place | null | undefined> {
    if (this.#open.size >= MAX_OPEN) return Promise.resolve(undefined);
    const question = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<Place | null | undefined>();
    const waiting: Waiting = { asked, resolve, timer: setTimeout(() => this.#forsake(waiting), ANSWER_MS) };
    this.#open.set(question, waiting);
    this.#ask(question, asked);
    return promise;
  }

  /** What the primary says. */
  answered(question: number, isGranted: boolean): void {
    const waiting = this.#open.get(question);
    if (waiting === undefined) return;
    this.#open.delete(question);
    const { asked, resolve, timer } = waiting;
    const place = { limit: asked.limit, value: asked.value };
    if (resolve === null) {
      if (isGranted) this.#leave(place);
      return;
    }
    clearTimeout(timer);
    resolve(isGranted ? { ended: () => this.#leave(place) } : null);
  }

  /** It is answered without the primary, whose answer is still to come. */
  #forsake(waiting: Waiting): void {
    waiting.resolve?.(undefined);
    waiting.resolve = null;
  }
}

interface Waiting {
  readonly asked: PlaceQuestion;
  resolve: ((place: Place | null | undefined) => void) | null;
  readonly timer: NodeJS.Timeout;
}

/** A primary that is busy for longer is not waited for. */
const ANSWER_MS = 250;
const MAX_OPEN = 10_000;
