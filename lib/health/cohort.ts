/** How far apart two checks of an address are. */
export interface Pace {
  readonly intervalMs: number;
  /** Share of the interval, 0 to 1, by which each one may be longer or shorter. */
  readonly jitter: number;
}

/**
 * Addresses that were new together and are checked at the same pace stay together: what one of them has drawn is the next moment of
 * all whose interval it fits. Drawn for each alone, their order would become that of chance, and so would the order in which memory is
 * come to - ours, and the kernel's for their connections - which then is waited for nearly each time: a third of what a check costs.
 */
export class Cohort {
  readonly pace: Pace;
  /** How many have been in it. */
  size = 0;
  /** When those check next who have begun last; wheel time. */
  #nextAt = 0;

  constructor(pace: Pace) {
    this.pace = pace;
  }

  /** When the check is due that follows the one begun at this moment; `random` is asked if that is not known yet. */
  next(begunAt: number, random: () => number): number {
    const { intervalMs, jitter } = this.pace;
    const ms = this.#nextAt - begunAt;
    const fits = ms >= intervalMs * (1 - jitter) && ms <= intervalMs * (1 + jitter);
    // Whole, as a time with a fraction is an object of its own for each that is kept.
    if (!fits) this.#nextAt = begunAt + Math.round(intervalMs * (1 + jitter * (2 * random() - 1)));
    return this.#nextAt;
  }

  /** Whether an address of this pace may come to it. */
  takes({ intervalMs, jitter }: Pace): boolean {
    return this.size < MOST && intervalMs === this.pace.intervalMs && jitter === this.pace.jitter;
  }
}

/** Enough for their memory to lie together, few enough to come at once: a tick at the pace of 100,000 in ten seconds has 500. */
const MOST = 64;
