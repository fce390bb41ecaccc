import { Histogram, type HistogramDelta } from './histogram.ts';
import { Outbox } from './outbox.ts';
import { SparseCounts } from './sparse-counts.ts';

/** What a worker has counted of one server since it told last. Plain data. */
export interface ServerDelta {
  readonly upstream: string;
  readonly server: string;
  /** Pairs of outcome and count: a status, a code of `Fault`, or 0 where the client left before. */
  readonly outcomes: readonly number[];
  /** From the choice of the server to the end of its reply. */
  readonly durationUs: HistogramDelta | null;
  /** To the server and from it, heads included. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Counts the tries at one server. */
export class ServerTally {
  readonly upstream: string;
  readonly server: string;
  readonly #owner: ServerTallies;
  readonly #outcomes = new SparseCounts();
  readonly #durationUs = new Histogram();
  #sentBytes = 0;
  #receivedBytes = 0;
  #isListed = false;

  constructor(upstream: string, server: string, owner: ServerTallies) {
    this.upstream = upstream;
    this.server = server;
    this.#owner = owner;
  }

  count(outcome: number, ms: number): void {
    this.#list();
    this.#outcomes.add(outcome);
    this.#durationUs.record(Math.round(ms * 1000));
  }

  carried(sentBytes: number, receivedBytes: number): void {
    this.#list();
    this.#sentBytes += sentBytes;
    this.#receivedBytes += receivedBytes;
  }

  take(): ServerDelta {
    const outcomes = this.#outcomes.take();
    this.#isListed = false;
    const { upstream, server } = this;
    const [sentBytes, receivedBytes] = [this.#sentBytes, this.#receivedBytes];
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
    return { upstream, server, outcomes, durationUs: this.#durationUs.take(), sentBytes, receivedBytes };
  }

  #list(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.#owner.used.add(this);
  }
}

/** The counts of a worker's servers. */
export class ServerTallies {
  /** Those with something to tell. */
  readonly used = new Outbox<ServerTally>();

  of(upstream: string, server: string): ServerTally {
    return new ServerTally(upstream, server, this);
  }

  /** At most so many of those that were used before `used` was closed. */
  take(most: number): readonly ServerDelta[] {
    return this.used.take(most).map((tally) => tally.take());
  }
}
