import { formatListenAddress, type BoundListener, type ListenAddress } from '../core/listener.ts';
import type { Log } from '../core/log.ts';
import { Listener, releaseSocket, type Accepted } from './listener.ts';

/** Lets a client in that has come by the listener of this address. */
export type Accept = (accepted: Accepted, address: ListenAddress) => void;

/** The listeners of a worker, which come and go while it serves. */
export class ListenerSet {
  readonly #accept: Accept;
  readonly #log: Log;
  readonly #drainMs: number;
  #listeners: readonly Listener[] = [];
  #state: 'waiting' | 'listening' | 'draining' = 'waiting';

  /** `drainMs`: what one that goes may take until everybody who waits is in. */
  constructor(accept: Accept, log: Log, drainMs: number) {
    this.#accept = accept;
    this.#log = log;
    this.#drainMs = drainMs;
  }

  /** Begins to accept. Rejects with the system's error. */
  async listen(): Promise<void> {
    this.#state = 'listening';
    await Promise.all(this.#listeners.map((listener) => listener.listen()));
  }

  /** A socket to listen on, from `listen` on. One whose address is known already, or that comes too late, is closed. */
  open(bound: BoundListener): void {
    const { address } = bound;
    const text = formatListenAddress(address);
    if (this.#state === 'draining' || this.#named(text).length > 0) {
      releaseSocket(bound);
      return;
    }
    const listener: Listener = new Listener(
      bound,
      (accepted) => this.#accept(accepted, listener.address),
      (error) => this.#log.warn({ err: error }, 'cannot accept a connection'),
    );
    this.#listeners = [...this.#listeners, listener];
    if (this.#state === 'listening')
      listener.listen().catch((error: unknown) => this.#log.error({ address: text, err: error }, 'cannot listen'));
  }

  /** Listens there no more, once whoever waits is in; connections go on. */
  shut(address: ListenAddress): void {
    const gone = this.#named(formatListenAddress(address));
    this.#listeners = this.#listeners.filter((one) => !gone.includes(one));
    for (const listener of gone) {
      if (this.#state === 'waiting') listener.release();
      else void listener.drain(this.#drainMs);
    }
  }

  /** Whoever comes by the socket of `from` from now on has come by `to`. */
  rename(from: ListenAddress, to: ListenAddress): void {
    for (const listener of this.#named(formatListenAddress(from))) listener.address = to;
  }

  /** Accepts whoever waits already, then nobody any more. */
  async drain(): Promise<void> {
    this.#state = 'draining';
    await Promise.all(this.#listeners.map((listener) => listener.drain(this.#drainMs)));
  }

  #named(text: string): readonly Listener[] {
    return this.#listeners.filter(({ address }) => formatListenAddress(address) === text);
  }
}
