import { USUAL_LISTEN_OPTIONS, type ListenAddress } from '../core/listener.ts';
import { Greeting, GreetingEnd, type ChooseTls, type Hall } from '../net/greeting.ts';
import type { Accepted } from '../net/listener.ts';
import type { Context } from './context.ts';
import type { Doors } from './doors.ts';

/** How greetings have ended, by `GreetingEnd`. */
export type GreetingCounts = Record<GreetingEnd, number>;

/**
 * Where clients come in: those of a listener that asks for it are greeted before they stand at the doors. As many may be greeted
 * at once as there may be clients; then whoever has been at it longest goes, which is who does not want to come to an end.
 */
export class Reception {
  readonly #context: Context;
  readonly #doors: Doors;
  readonly #maxGreetings: number;
  readonly #hall: Hall;
  #counts = noCounts();

  constructor(context: Context, doors: Doors, choose: ChooseTls, maxGreetings: number) {
    const { wheel, limits, trusted } = context.shared;
    this.#context = context;
    this.#doors = doors;
    this.#maxGreetings = maxGreetings;
    this.#hall = {
      wheel,
      greetingMs: limits.headMs,
      trusted,
      choose,
      greetings: new Set(),
      enter: (accepted) => doors.accept(accepted),
      enterHttp2: (accepted) => context.http2?.accept(accepted),
      ended: (end) => {
        this.#counts[end]++;
      },
    };
  }

  accept(accepted: Accepted, { options = USUAL_LISTEN_OPTIONS }: ListenAddress): void {
    if (!options.tls && !options.proxy) {
      this.#doors.accept(accepted);
      return;
    }
    const { greetings } = this.#hall;
    if (this.#doors.closed) {
      accepted.handle.close(() => undefined);
      return;
    }
    this.#context.gate?.connected();
    for (const oldest of greetings) {
      if (greetings.size < this.#maxGreetings) break;
      oldest.expire();
    }
    // It belongs to its socket and to the set of greetings.
    void new Greeting(this.#hall, accepted, options);
  }

  /** Ends those who are still being greeted. */
  close(): void {
    for (const greeting of this.#hall.greetings) greeting.expire();
  }

  /** How greetings have ended since this was asked before. */
  takeCounts(): GreetingCounts {
    const counts = this.#counts;
    this.#counts = noCounts();
    return counts;
  }
}

function noCounts(): GreetingCounts {
  // Every end is a key of it.
  return Object.fromEntries(Object.values(GreetingEnd).map((end) => [end, 0])) as GreetingCounts;
}
