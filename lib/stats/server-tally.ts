import { Histogram, type HistogramDelta } from './histogram.ts';

/** What a worker has counted of one server since it told last. Plain data. */
export interface ServerDelta {
  readonly upstream: string;
  readonly server: string;
  /** Pairs of outcome and count: a status, a code of `Fault`, or 0 where the client left before. */
  readonly outcomes: readonly number[];
  /** From the choice of the server to the end of its reply. */
  readonly durationUs: HistogramDelta | null;
}

/** Counts the tries at one server. */
export class ServerTally {
  readonly upstream: string;
  readonly server: string;
  readonly #owner: ServerTallies;
  readonly #outcomes = new Map<number, number>();
  readonly #durationUs = new Histogram();
  #isListed = false;

  constructor(upstream: string, server: string, owner: ServerTallies) {
    this.upstream = upstream;
    this.server = server;
    this.#owner = owner;
  }

  count(outcome: number, ms: number): void {
    if (!this.#isListed) {
      this.#isListed = true;
      this.#owner.used.push(this);
    }
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    this.#durationUs.record(Math.round(ms * 1000));
  }

  take(): ServerDelta {
    const outcomes = [...this.#outcomes].flat();
    this.#outcomes.clear();
    this.#isListed = false;
    return { upstream: this.upstream, server: this.server, outcomes, durationUs: this.#durationUs.take() };
  }
}

/** The counts of a worker's servers: those that were used since the last time. */
export class ServerTallies {
  used: ServerTally[] = [];

  of(upstream: string, server: string): ServerTally {
    return new ServerTally(upstream, server, this);
  }

  take(): readonly ServerDelta[] {
    const { used } = this;
    this.used = [];
    return used.map((tally) => tally.take());
  }
}
