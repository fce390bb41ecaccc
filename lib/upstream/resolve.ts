import { lookup } from 'node:dns/promises';
import type { Scheduler } from '../core/scheduler.ts';

/** All addresses of a name, of both families. Rejects, or answers none, when there are none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The machine's own way: hosts file, then DNS. */
export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly scheduler: Scheduler;
  /** A held name is looked up again this often. */
  readonly refreshMs?: number;
}

export interface ResolverListener {
  /** The addresses of a held name, when first known and at every change; sorted. */
  addresses(host: string, addresses: readonly string[]): void;
  /** A name cannot be resolved, for a reason, or (null) it can again; told once. The last good addresses stay. */
  trouble(host: string, message: string | null): void;
}

/** Knows the addresses of the names that are held, and keeps them fresh. */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #names = new Map<string, HeldName>();
  #listener: ResolverListener | null = null;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  listen(listener: ResolverListener): void {
    this.#listener = listener;
  }

  /** From now on the name is looked up; each `hold` needs its `release`. */
  hold(host: string): void {
    const known = this.#names.get(host);
    if (known !== undefined) {
      known.holds++;
      return;
    }
    const first = Promise.withResolvers<void>();
    const name: HeldName = { host, holds: 1, first, addresses: [], isFailing: false, cancel: null };
    this.#names.set(host, name);
    void this.#refresh(name);
  }

  /** Whether that was the last hold: the addresses are no longer kept fresh. */
  release(host: string): boolean {
    const name = this.#names.get(host);
    if (name === undefined) return true;
    if (--name.holds > 0) return false;
    this.#drop(name);
    return true;
  }

  /** Resolves when every one of these held names has been looked up once, well or not, and at the latest after `ms`. */
  async settle(hosts: Iterable<string>, ms: number): Promise<void> {
    const waits = Array.from(hosts, (host) => this.#names.get(host)?.first.promise);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.scheduler.after(ms, resolve);
    await Promise.race([promise, Promise.all(waits)]);
    cancel();
  }

  stop(): void {
    for (const name of this.#names.values()) this.#drop(name);
  }

  #drop(name: HeldName): void {
    name.cancel?.();
    name.holds = 0;
    name.first.resolve();
    this.#names.delete(name.host);
  }

  async #refresh(name: HeldName): Promise<void> {
    let addresses: readonly string[] = [];
    let message = 'no address';
    try {
      addresses = (await this.#options.lookup(name.host)).toSorted();
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    if (name.holds === 0) return;
    this.#tell(name, addresses, message);
    name.first.resolve();
    const ms = name.isFailing ? RETRY_MS : (this.#options.refreshMs ?? REFRESH_MS);
    name.cancel = this.#options.scheduler.after(ms, () => void this.#refresh(name));
  }

  #tell(name: HeldName, addresses: readonly string[], message: string): void {
    const isFailing = addresses.length === 0;
    if (isFailing !== name.isFailing) {
      name.isFailing = isFailing;
      this.#listener?.trouble(name.host, isFailing ? message : null);
    }
    if (isFailing || addresses.join() === name.addresses.join()) return;
    name.addresses = addresses;
    this.#listener?.addresses(name.host, addresses);
  }
}

interface HeldName {
  readonly host: string;
  holds: number;
  readonly first: PromiseWithResolvers<void>;
  addresses: readonly string[];
  isFailing: boolean;
  cancel: (() => void) | null;
}

const REFRESH_MS = 10_000;
/** A name that does not resolve is tried again sooner. */
const RETRY_MS = 2000;
