/** What became of one thing that a client did. */
export interface Outcome {
  /** The kind of traffic. */
  readonly kind: string;
  /** When it began and when it failed, by `performance.now`. */
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/**
 * Counts what clients saw and asks of each failure whose it was. Those of a killed worker's clients are: it was under way when the
 * worker was killed, and its connection ended at that moment. Everything else that is not as it should be is a failure of ours.
 */
export class Ledger {
  readonly done = new Map<string, number>();
  readonly ours: Outcome[] = [];
  /** Lost with a worker that was killed, by kind. */
  readonly lost = new Map<string, number>();
  /** Tunnels that were ended by a drain. */
  drained = 0;
  readonly #kills: number[] = [];
  readonly #drains: { readonly from: number; to: number }[] = [];

  succeeded(kind: string): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }

  failed(outcome: Outcome): void {
    const isLost = this.#kills.some(
      (at) => outcome.from <= at + KILL_MS && outcome.to >= at && outcome.to <= at + TOLD_MS,
    );
    const isDrained =
      outcome.kind === TUNNEL && this.#drains.some(({ from, to }) => outcome.to >= from && outcome.to <= to);
    if (isDrained) this.drained++;
    else if (isLost) this.lost.set(outcome.kind, (this.lost.get(outcome.kind) ?? 0) + 1);
    else this.ours.push(outcome);
  }

  /** A worker is killed now. */
  killed(): void {
    this.#kills.push(performance.now());
  }

  /** From now on workers may drain; the answer says that what still does is over in `ms`. */
  drains(): (ms: number) => void {
    const drain = { from: performance.now(), to: Infinity };
    this.#drains.push(drain);
    return (ms) => {
      drain.to = performance.now() + ms;
    };
  }

  get total(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** The kind that has no end of its own. */
export const TUNNEL = 'websocket';

/** A request may be on its way to a worker that is gone, and its client's own event loop may be late. */
const KILL_MS = 300;
const TOLD_MS = 1500;
