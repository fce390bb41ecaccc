import type { KnowingBreaker } from '../core/breaker-news.ts';
import { Deadline, type DeadlineOwner, type Wheel } from '../core/wheel.ts';
import type { GuardOwner } from './guard.ts';
import type { WorkerSightings } from './server-health.ts';
import type { Watch, WatchOwner } from './watch.ts';

/**
 * What one process has seen of servers and of upstreams as a whole, told to the primary in few messages: the first failure after
 * a while at once, so that the other processes do not meet it themselves, more of it a tick later, and what only says
 * that all is well once a second, or twice in the shortest interval of checks that it spares.
 */
export class Sightings implements WatchOwner, GuardOwner, DeadlineOwner {
  readonly #wheel: Wheel;
  readonly #tell: (sightings: WorkerSightings) => void;
  readonly #deadline: Deadline;
  #watches: Watch[] = [];
  readonly #guards = new Set<KnowingBreaker>();
  #toldAt = 0;
  #isAboutToTell = false;

  constructor(wheel: Wheel, tell: (sightings: WorkerSightings) => void) {
    this.#wheel = wheel;
    this.#tell = tell;
    this.#deadline = new Deadline(wheel, this);
  }

  onSeen(watch: Watch, urgent: boolean): void {
    if (!watch.listed) {
      watch.listed = true;
      this.#watches.push(watch);
    }
    this.#due(urgent ? SOON_MS : watch.calmMs, urgent && this.#wheel.now - this.#toldAt > SOON_MS);
  }

  onBreakerNews(guard: KnowingBreaker, urgent: boolean): void {
    this.#guards.add(guard);
    this.#due(SOON_MS, urgent);
  }

  onDeadline(): void {
    this.#flush();
  }

  /** Tells nothing more. */
  stop(): void {
    this.#deadline.dispose();
  }

  #due(ms: number, atOnce: boolean): void {
    const { now } = this.#wheel;
    if (atOnce) {
      if (this.#isAboutToTell) return;
      this.#isAboutToTell = true;
      // Whatever else happens in this turn goes with it.
      queueMicrotask(() => this.#flush());
    } else if (this.#deadline.at === 0 || this.#deadline.at > now + ms) this.#deadline.set(ms);
  }

  #flush(): void {
    const { now } = this.#wheel;
    const servers = this.#watches.map((watch) => watch.take());
    for (const watch of this.#watches) watch.listed = false;
    const breakers = [...this.#guards].map((guard) => guard.takeNews(now)).filter((news) => news !== null);
    this.#watches = [];
    this.#guards.clear();
    this.#deadline.cancel();
    this.#isAboutToTell = false;
    this.#toldAt = now;
    if (servers.length + breakers.length > 0) this.#tell({ servers, breakers });
  }
}

/** Between two messages while there is much to tell. */
const SOON_MS = 50;
