/**
 * Events per second over the last minute, five and fifteen, as a load average is: exponentially weighted means, brought up to date
 * every five seconds.
 */
export class Rate {
  m1 = 0;
  m5 = 0;
  m15 = 0;
  #count = 0;
  #isNew = true;

  add(count: number): void {
    this.#count += count;
  }

  /** Another `TICK_MS` have passed. */
  tick(): void {
    const rate = (this.#count * 1000) / TICK_MS;
    this.#count = 0;
    if (this.#isNew) {
      // There is no past that the first moments would have to stand against.
      this.#isNew = rate === 0;
      this.m1 = this.m5 = this.m15 = rate;
      return;
    }
    this.m1 += ONE * (rate - this.m1);
    this.m5 += FIVE * (rate - this.m5);
    this.m15 += FIFTEEN * (rate - this.m15);
  }

  /** Nothing of late is left of it. */
  get isStill(): boolean {
    return this.#count === 0 && this.m15 < 1e-4;
  }
}

export const TICK_MS = 5000;

const ONE = 1 - Math.exp(-TICK_MS / 60_000);
const FIVE = 1 - Math.exp(-TICK_MS / 300_000);
const FIFTEEN = 1 - Math.exp(-TICK_MS / 900_000);
