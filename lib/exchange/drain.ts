/**
 * How long what is open may stay once ELB drains. All times in milliseconds.
 *
 * A request may be on its way while we decide to close its connection, and a client that kept its connection cannot know
 * whether such a request was taken. So an idle connection is not closed at once: whoever uses it often gets to send one more
 * request, whose reply says `Connection: close`. Every time is drawn by itself, so that clients do not come back all at once elsewhere.
 */
export class Drain {
  readonly #drainMs: number;
  readonly #random: () => number;

  /** `drainMs`: what is still open then is cut. */
  constructor(drainMs: number, random: () => number = Math.random) {
    this.#drainMs = drainMs;
    this.#random = random;
  }

  /** Silence after which a connection between two requests is closed. */
  idleMs(): number {
    return Math.min(IDLE_MS, this.#drainMs / 4) * (1 + this.#random());
  }

  /** Time after which a tunnel is closed. */
  tunnelMs(): number {
    return this.#drainMs * TUNNEL_SHARE * this.#random();
  }
}

/** Longer than a request is on its way, and than a loop under load takes to come round to it. */
const IDLE_MS = 1000;
/** The rest is left for what the last of them had to say. */
const TUNNEL_SHARE = 0.9;
