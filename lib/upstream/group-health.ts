import { Barred } from './server-health.ts';
import type { Server } from './server.ts';

/**
 * Which servers of an upstream may be used as far as their health goes. While too few would be left, nobody's health counts: the
 * finding is then more likely to be wrong than right, and a server that may work is better than none (fail open). Servers that
 * are to begin down and have not passed a check yet stay out even then.
 */
export class GroupHealth {
  /** Nobody's health counts. */
  open = false;
  #servers: readonly Server[] = [];
  /** Percent of the servers. */
  #failOpen = 0;
  /** Servers that no document takes out, and how many of them are barred. */
  #all = 0;
  #barred = 0;

  /** The servers there are now, and the percentage of them below which nobody's health counts. */
  set(servers: readonly Server[], failOpen: number): void {
    this.#servers = servers;
    this.#failOpen = failOpen;
    this.#weigh();
    this.#settle();
  }

  /** `barred`: sum of `Barred`. */
  bar(server: Server, barred: number): void {
    if (server.barred === barred) return;
    if (server.listed && !server.spec.down) this.#barred += Number(barred !== 0) - Number(server.barred !== 0);
    server.barred = barred;
    if (barred === 0) server.start();
    const wasOpen = this.open;
    this.open = this.#isOpen();
    if (this.open === wasOpen) server.healthy = this.#isHealthy(server);
    else this.#settle();
  }

  /** Puts a server out for what was seen here, if not so many are out that it may not; the primary has the last word. */
  eject(server: Server, maxShare: number): boolean {
    if (server.barred !== 0 || this.#all < 2) return false;
    if (this.#barred >= Math.max(1, Math.floor((this.#all * maxShare) / 100))) return false;
    this.bar(server, Barred.EJECTED);
    return true;
  }

  #weigh(): void {
    this.#all = 0;
    this.#barred = 0;
    for (const { spec, barred } of this.#servers) {
      if (spec.down) continue;
      this.#all++;
      if (barred !== 0) this.#barred++;
    }
    this.open = this.#isOpen();
  }

  #settle(): void {
    for (const server of this.#servers) server.healthy = this.#isHealthy(server);
  }

  #isOpen(): boolean {
    return failsOpen(this.#all, this.#barred, this.#failOpen);
  }

  #isHealthy({ barred }: Server): boolean {
    return barred === 0 || (this.open && (barred & Barred.UNCHECKED) === 0);
  }
}

/** Whether so many of all servers are barred that nobody's health counts. `percent`: below which share of usable ones. */
export function failsOpen(all: number, barred: number, percent: number): boolean {
  return barred > 0 && (all - barred) * 100 < all * percent;
}
