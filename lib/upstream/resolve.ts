import { isIP } from 'node:net';
import type { Scheduler } from '../core/scheduler.ts';

/** An IP address of a name; of a service, with what else its record says. */
export type Address = string | SrvAddress;

/** What an SRV record says of a server (RFC 2782). */
export interface SrvAddress {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** Its priority is not the first one. */
  readonly backup: boolean;
}

export interface Answer {
  readonly addresses: readonly Address[];
  /** How long that holds, in milliseconds; null: it is not known. */
  readonly ttlMs: number | null;
  /** Of what nobody could tell this time, so that what was known of it still holds: a family of addresses, or any. */
  readonly missing?: 4 | 6 | 'any';
}

/** All addresses of a name, of both families. Rejects, or answers none, when there are none. */
export type Lookup = (host: string) => Promise<Answer>;

export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly scheduler: Scheduler;
  /** How long an answer holds of which that is not known. */
  readonly refreshMs?: number;
}

export interface ResolverListener {
  /** The addresses of a held name, when first known and at every change; sorted, each of them once. */
  addresses(host: string, addresses: readonly Address[]): void;
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
    let addresses: readonly Address[] = [];
    let ttlMs: number | null = null;
    let message = 'no address';
    try {
      const answer = await this.#options.lookup(name.host);
      const { missing } = answer;
      const kept = missing === undefined ? [] : name.addresses.filter((address) => isOf(address, missing));
      addresses = sorted([...answer.addresses, ...kept]);
      ({ ttlMs } = answer);
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    if (name.holds === 0) return;
    this.#tell(name, addresses, message);
    name.first.resolve();
    const holdsMs = ttlMs ?? this.#options.refreshMs ?? REFRESH_MS;
    const ms = name.isFailing ? RETRY_MS : Math.min(Math.max(holdsMs, LEAST_TTL_MS), MOST_TTL_MS);
    name.cancel = this.#options.scheduler.after(ms, () => void this.#refresh(name));
  }

  #tell(name: HeldName, addresses: readonly Address[], message: string): void {
    const isFailing = addresses.length === 0;
    if (isFailing !== name.isFailing) {
      name.isFailing = isFailing;
      this.#listener?.trouble(name.host, isFailing ? message : null);
    }
    if (isFailing || isSame(addresses, name.addresses)) return;
    name.addresses = addresses;
    this.#listener?.addresses(name.host, addresses);
  }
}

interface HeldName {
  readonly host: string;
  holds: number;
  readonly first: PromiseWithResolvers<void>;
  addresses: readonly Address[];
  isFailing: boolean;
  cancel: (() => void) | null;
}

function isOf(address: Address, missing: 4 | 6 | 'any'): boolean {
  return missing === 'any' || isIP(typeof address === 'string' ? address : address.host) === missing;
}

function sorted(addresses: readonly Address[]): readonly Address[] {
  const byText = new Map(addresses.map((address) => [JSON.stringify(address), address]));
  return [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}

function isSame(some: readonly Address[], others: readonly Address[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

const REFRESH_MS = 10_000;
/** A name that says it changes all the time is not asked for all the time, and one that never does is now and then. */
const LEAST_TTL_MS = 1000;
const MOST_TTL_MS = 3_600_000;
/** A name that does not resolve is tried again sooner. */
const RETRY_MS = 2000;
