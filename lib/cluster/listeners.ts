import { formatListenAddress, formatPlace, type ListenAddress, type ListenerView } from '../core/listener.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import { bind, CannotBind, type BoundAddress } from './sockets.ts';

export interface ListenersOptions {
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Told of a socket to listen on, once the program serves. */
  readonly onOpen: (bound: BoundAddress) => void;
  /** Told of one that nobody is to listen on any more; it is closed here. */
  readonly onShut: (address: ListenAddress) => void;
  /** Told of one that stays, and of which something else is asked than before. */
  readonly onRename: (from: ListenAddress, bound: BoundAddress) => void;
  /** Told after anything has changed. */
  readonly onChange: (views: readonly ListenerView[]) => void;
  /** Whether those who listen have descriptors of their own, as other processes do; else they take the socket over, and it closes with them. */
  readonly sharesSockets: boolean;
}

/** An address that is asked for, and what has become of it. */
interface Place {
  readonly asked: ListenAddress;
  bound: BoundAddress | null;
  reason: string | null;
  since: number;
}

/**
 * The addresses to listen at, each on its own: one that cannot be bound is tried again every ten seconds, and none of the others hears of
 * it; one that is asked for no more goes, and the others stay.
 */
export class Listeners {
  readonly #options: ListenersOptions;
  /** Sockets that were open already when the program began. */
  readonly #inherited: readonly BoundAddress[];
  #places: readonly Place[] = [];
  #cancelRetry: (() => void) | null = null;
  /** Until it is over, whoever serves has what is bound by inheritance. */
  #isStarting = true;
  #isClosed = false;
  /** Changes and tries come one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ListenersOptions, inherited: readonly BoundAddress[] = []) {
    this.#options = options;
    this.#inherited = inherited;
  }

  /** Whether there were sockets before any was asked for. */
  get hasInherited(): boolean {
    return this.#inherited.length > 0;
  }

  /** Those that are bound. */
  get bound(): readonly BoundAddress[] {
    return this.#places.flatMap(({ bound }) => bound ?? []);
  }

  views(): readonly ListenerView[] {
    return this.#places.map(({ asked, bound, reason, since }) => ({
      address: formatListenAddress(bound?.address ?? asked),
      state: bound === null ? 'failed' : 'listening',
      reason,
      since,
    }));
  }

  /** Binds all, at the start. Throws `CannotBind` where one fails, and has bound none then, unless it is to be tried `again`. */
  async start(addresses: readonly ListenAddress[], again: boolean): Promise<void> {
    await this.#become(addresses);
    this.#isStarting = false;
    const failed = this.#places.filter(({ bound }) => bound === null);
    const [first] = failed;
    if (first === undefined) return;
    if (!again) {
      this.close();
      throw new CannotBind(first.asked, first.reason ?? '');
    }
    for (const place of failed) this.#logFailure(place);
    this.#retryAfter(RETRY_MS);
  }

  /** Listens at these from now on, which are all there are beside those that were inherited. Those that have failed are tried at once. */
  change(addresses: readonly ListenAddress[]): Promise<void> {
    return this.#next(async () => {
      await this.#become(addresses);
      await this.#retry();
      // What was let go of just now may be free in a moment.
      this.#retryAfter(FIRST_RETRY_MS);
    });
  }

  /** Lets go of all of them. Whoever listens on them goes on until it has closed its own. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    for (const { release } of this.bound) release();
  }

  #next(task: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (!this.#isClosed) await task();
    });
    return this.#last;
  }

  async #become(addresses: readonly ListenAddress[]): Promise<void> {
    const { onRename, onShut } = this.#options;
    const gone = [...this.#places];
    const places: Place[] = [];
    const fresh: Place[] = [];
    for (const asked of this.#withInherited(addresses)) {
      const text = formatListenAddress(asked);
      const at = gone.findIndex((place) => formatListenAddress(place.asked) === text);
      const [former] = at === -1 ? [] : gone.splice(at, 1);
      const place = former ?? { asked, bound: null, reason: null, since: this.#options.scheduler.now() };
      places.push(place);
      if (former === undefined) fresh.push(place);
    }
    this.#places = places;
    const freed = new Map<string, BoundAddress>();
    for (const { asked, bound } of gone) {
      if (bound === null) continue;
      if (fresh.some((place) => formatPlace(place.asked) === formatPlace(asked))) {
        freed.set(formatPlace(asked), bound);
        continue;
      }
      onShut(bound.address);
      bound.release();
    }
    for (const place of fresh) {
      const { asked } = place;
      const inherited = this.#inherited.find(({ address }) => formatPlace(address) === formatPlace(asked));
      const former = freed.get(formatPlace(asked)) ?? (this.#isStarting ? inherited : undefined);
      if (former === undefined) await this.#bind(place);
      else {
        // The same socket with something else asked of it: nobody who waits in its queue is lost.
        const { kind } = former.address;
        const options = asked.options === undefined ? {} : { options: asked.options };
        place.bound =
          kind === 'unix'
            ? { ...former, address: { kind, path: former.address.path, ...options } }
            : { ...former, address: { kind, host: former.address.host, port: former.address.port, ...options } };
        if (this.#isStarting) continue;
        onRename(former.address, place.bound);
      }
    }
  }

  /** Sockets that were inherited stay whatever is asked for; where one is named, it is named with what is asked of it. */
  #withInherited(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
    const asked = new Map(addresses.map((address) => [formatPlace(address), address]));
    const given = this.#inherited.map(({ address }) => asked.get(formatPlace(address)) ?? address);
    const known = new Set(given.map((address) => formatPlace(address)));
    return [...given, ...addresses.filter((address) => !known.has(formatPlace(address)))];
  }

  async #bind(place: Place): Promise<void> {
    const { log, onOpen, scheduler, sharesSockets } = this.#options;
    let bound: BoundAddress;
    try {
      bound = await bind(place.asked);
    } catch (error) {
      if (!(error instanceof CannotBind)) throw error;
      if (error.reason === place.reason) return;
      place.reason = error.reason;
      place.since = scheduler.now();
      if (!this.#isStarting) this.#logFailure(place);
      return;
    }
    if (this.#isClosed) {
      bound.release();
      return;
    }
    place.bound = bound;
    place.reason = null;
    place.since = scheduler.now();
    if (this.#isStarting) return;
    onOpen(bound);
    // It is whose server listens on it now.
    if (!sharesSockets) place.bound = { ...bound, release: () => undefined };
    log.info({ address: formatListenAddress(bound.address) }, 'listening');
  }

  #logFailure({ asked, reason }: Place): void {
    this.#options.log.error({ address: formatListenAddress(asked), reason }, 'cannot listen: it is tried again');
  }

  #retryAfter(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    if (this.#isClosed || this.#places.every(({ bound }) => bound !== null)) return;
    this.#cancelRetry = this.#options.scheduler.after(ms, () => void this.#next(() => this.#retry()));
  }

  async #retry(): Promise<void> {
    for (const place of this.#places) if (place.bound === null) await this.#bind(place);
    this.#options.onChange(this.views());
    this.#retryAfter(RETRY_MS);
  }
}

const RETRY_MS = 10_000;
const FIRST_RETRY_MS = 1000;
