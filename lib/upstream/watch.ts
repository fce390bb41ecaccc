import type { GroupHealth } from './group-health.ts';
import type { OutlierOptions } from './options/outlier.ts';
import type { Server } from './server.ts';
import type { Sighting } from './server-health.ts';

/** Is told of what watches see. */
export interface WatchOwner {
  /** Something was seen that is to be told. `urgent`: others should know before they meet it themselves. */
  onSeen(watch: Watch, urgent: boolean): void;
}

/** What one process sees of one server at work, until it is told to the primary. */
export class Watch {
  readonly server: Server;
  readonly upstream: string;
  readonly key: string;
  readonly #owner: WatchOwner;
  readonly #group: GroupHealth;
  /** Whether good replies are counted, too: only where somebody wants to know. */
  counting = false;
  /** How long good news may wait for other news, in milliseconds. */
  calmMs = CALM_MS;
  /** Failures in a row after which it is put out at once, without waiting for the primary's word; null: never. */
  outlier: OutlierOptions | null = null;
  /** Among those that are to be told of; owned by `Sightings`. */
  listed = false;
  #good = 0;
  #failed = 0;
  #trailing = 0;
  #latencyMs = 0;
  /** Failures in a row, told or not. */
  #inARow = 0;
  #barred = false;
  #started = false;

  constructor(server: Server, upstream: string, key: string, group: GroupHealth, owner: WatchOwner) {
    this.server = server;
    this.upstream = upstream;
    this.key = key;
    this.#group = group;
    this.#owner = owner;
  }

  /** A good reply began after that time. */
  good(latencyMs: number): void {
    this.#good++;
    this.#latencyMs += latencyMs;
    this.#trailing = 0;
    this.#inARow = 0;
    if (!this.listed) this.#owner.onSeen(this, false);
  }

  failed(): void {
    this.#failed++;
    this.#trailing++;
    this.#inARow++;
    const { outlier } = this;
    if (outlier !== null && outlier.consecutive > 0 && this.#inARow >= outlier.consecutive) {
      this.#inARow = 0;
      this.#barred = this.#group.eject(this.server, outlier.maxShare);
    }
    this.#owner.onSeen(this, true);
  }

  /** It works again after it was out for its failures. */
  recovered(): void {
    this.#started = true;
    if (!this.listed) this.#owner.onSeen(this, false);
  }

  /** What was seen since the last time. */
  take(): Sighting {
    const seen = {
      upstream: this.upstream,
      server: this.key,
      good: this.#good,
      failed: this.#failed,
      trailing: this.#trailing,
      latencyMs: this.#latencyMs,
      barred: this.#barred,
      started: this.#started,
    };
    this.#good = 0;
    this.#failed = 0;
    this.#trailing = 0;
    this.#latencyMs = 0;
    this.#barred = false;
    this.#started = false;
    return seen;
  }
}

/** Between two messages while all is well. */
export const CALM_MS = 1000;
