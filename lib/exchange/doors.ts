import { Fault } from '../core/faults.ts';
import type { Accepted } from '../net/listener.ts';
import type { ClientCount } from '../overload/client-count.ts';
import { beginSession } from './begin-session.ts';
import { ClientConnection } from './client-connection.ts';
import type { Context } from './context.ts';
import type { Guest } from './guest.ts';

export interface DoorsOptions {
  readonly context: Context;
  /** Most connections of clients. */
  readonly maxConnections: number;
  /** Bounds those of each client; null: nothing does. */
  readonly clientCount: ClientCount | null;
}

/**
 * Who is let in. Where all room is taken, whoever has been silent longest makes room; where nobody is silent, whoever comes is
 * still heard, a few at a time, because it may be an operator: admin requests are served, all others are answered 503.
 */
export class Doors {
  /** Nobody is let in: memory runs out. */
  closed = false;
  readonly #context: Context;
  readonly #maxConnections: number;
  readonly #clientCount: ClientCount | null;
  /** Wheel time until which nobody is looked for who could make room. */
  #noRoomUntil = 0;

  constructor(options: DoorsOptions) {
    this.#context = options.context;
    this.#maxConnections = options.maxConnections;
    this.#clientCount = options.clientCount;
  }

  accept(accepted: Accepted): void {
    const context = this.#context;
    const { greeted } = accepted;
    context.gate?.connected();
    const isFull = this.closed || (context.clients.size >= this.#maxConnections && !this.#makesRoom());
    // It belongs to its socket and to the context's set of clients.
    const client =
      greeted?.tls?.alpn === 'h2'
        ? beginSession(context, accepted.address, greeted)
        : new ClientConnection(context, accepted);
    const isCrowded = isCounted(client) && this.#clientCount?.enter(client.address) === false;
    if (isFull) this.#refuse(client, Fault.NO_ROOM);
    else if (isCrowded) this.#refuse(client, Fault.TOO_MANY_CONNECTIONS);
  }

  /** A client has gone. */
  left(client: Guest): void {
    if (isCounted(client)) this.#clientCount?.leave(client.address);
  }

  /** Ends connections that nobody uses, those first that have been silent longest; answers how many. */
  makeRoom(most: number): number {
    const { clients, shared } = this.#context;
    const now = shared.wheel.now;
    const silent: Guest[] = [];
    for (const client of clients.now()) if (client.silentMs(now) >= SILENT_MS) silent.push(client);
    silent.sort((a, b) => b.silentMs(now) - a.silentMs(now));
    const ended = silent.slice(0, most);
    for (const client of ended) client.destroy();
    return ended.length;
  }

  /** Ends what nobody uses, on both sides: memory or descriptors run out. Answers whether there was anything. */
  relieve(): boolean {
    const servers = this.#context.shared.upstreams.endIdle();
    return this.makeRoom(ROOM_AT_ONCE) + servers > 0;
  }

  /** Answers this fault to whatever the client asks, unless that is for the control plane. */
  #refuse(client: Guest, fault: number): void {
    client.refusal = fault;
    client.deadline.set(REFUSED_MS);
    if (++this.#context.refused > MOST_REFUSED) client.destroy();
  }

  /** Looking takes time in proportion to the clients, so it makes room for many, and is not done again at once where it is in vain. */
  #makesRoom(): boolean {
    const { now } = this.#context.shared.wheel;
    if (now < this.#noRoomUntil) return false;
    if (this.makeRoom(ROOM_AT_ONCE) > 0) return true;
    this.#noRoomUntil = now + VAIN_MS;
    return false;
  }
}

/** A trusted proxy speaks for many clients, and so does a Unix socket. */
function isCounted(client: Guest): boolean {
  return !client.trusted && client.address !== 'unix';
}

/** Connections beyond the bound that are heard at once. */
const MOST_REFUSED = 128;
/** Longest wait for the request of one of them. */
const REFUSED_MS = 5000;
const ROOM_AT_ONCE = 64;
const VAIN_MS = 250;
/** Whoever has connected or been answered just now is about to send a request. */
const SILENT_MS = 1000;
