import { eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';

/**
 * Whose turn it is among servers with weights (earliest deadline first): a server of share s has a turn every 1/s, and the
 * earliest one is next. Where all can be chosen, each gets exactly its share of every round of turns. First turns are spread
 * over each server's stride, so that light servers come between those of heavy ones and not one after the other:
 *
 *     a (5)  |--|--|--|--|--        0   .2   .4   .6   .8
 *     b (1)  |    x                     .33                   -> a a b a a c a
 *     c (1)  |         x                          .67
 *
 * A server that cannot be chosen loses its turn, so it has none to catch up on when it comes back. Finding the next one costs the
 * logarithm of the number of servers (a binary heap).
 */
export class Turns {
  readonly servers: readonly Server[];
  /** By server. */
  readonly #turn: Float64Array;
  /** Servers, the earliest turn first; and where each of them is. */
  readonly #heap: Int32Array;
  readonly #place: Int32Array;
  #size: number;
  /** Servers that were passed over in the present search. */
  readonly #passed: Int32Array;

  /** `offset` (0 to 1) moves the first turns; servers that are in `before` keep theirs. */
  constructor(servers: readonly Server[], offset: number, before: Turns | null) {
    const shared = servers.filter((server) => server.share > 0);
    const size = shared.length;
    this.servers = shared;
    this.#turn = new Float64Array(size);
    this.#heap = new Int32Array(size);
    this.#place = new Int32Array(size);
    this.#passed = new Int32Array(size);
    this.#size = size;
    const known = before?.ahead() ?? NONE;
    for (const [i, server] of shared.entries()) {
      const stride = 1 / server.share;
      // Not later than it would be without its past, whatever its weight was.
      this.#turn[i] = Math.min(known.get(server) ?? ((i / size + offset) % 1) * stride, stride);
      this.#place[i] = this.#heap[i] = i;
    }
    for (let place = (size >> 1) - 1; place >= 0; place--) this.#sink(place);
  }

  /** The eligible server whose turn is next, as an index of `servers`; -1 if there is none. It is still to `take` its turn. */
  next(tried: readonly Server[]): number {
    let passed = 0;
    let found = -1;
    while (this.#size > 0) {
      const first = this.#heap[0] ?? 0;
      if (eligible(this.server(first), tried)) {
        found = first;
        break;
      }
      this.#passed[passed++] = first;
      this.#removeFirst();
    }
    for (let i = 0; i < passed; i++) this.#putBack(this.#passed[i] ?? 0, found);
    return found;
  }

  take(index: number): void {
    this.#turn[index] = this.turnOf(index) + 1 / this.server(index).share;
    this.#sink(this.#place[index] ?? 0);
  }

  turnOf(index: number): number {
    return this.#turn[index] ?? 0;
  }

  server(index: number): Server {
    // Only indexes of servers are asked for.
    return this.servers[index] as Server;
  }

  /** How far off each server's turn is. */
  ahead(): ReadonlyMap<Server, number> {
    const now = this.turnOf(this.#heap[0] ?? 0);
    return new Map(this.servers.map((server, i) => [server, this.turnOf(i) - now]));
  }

  /** Its turns up to that of the `found` one are lost. */
  #putBack(index: number, found: number): void {
    if (found !== -1) {
      const { share } = this.server(index);
      const lost = Math.floor((this.turnOf(found) - this.turnOf(index)) * share) + 1;
      this.#turn[index] = this.turnOf(index) + lost / share;
    }
    this.#set(this.#size++, index);
    this.#rise(this.#size - 1);
  }

  #removeFirst(): void {
    const last = this.#heap[--this.#size] ?? 0;
    if (this.#size === 0) return;
    this.#set(0, last);
    this.#sink(0);
  }

  #rise(from: number): void {
    let place = from;
    const index = this.#heap[place] ?? 0;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] ?? 0;
      if (!this.#isBefore(index, other)) break;
      this.#set(place, other);
      place = above;
    }
    this.#set(place, index);
  }

  #sink(from: number): void {
    let place = from;
    const index = this.#heap[place] ?? 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#size) break;
      if (below + 1 < this.#size && this.#isBefore(this.#heap[below + 1] ?? 0, this.#heap[below] ?? 0)) below++;
      const other = this.#heap[below] ?? 0;
      if (!this.#isBefore(other, index)) break;
      this.#set(place, other);
      place = below;
    }
    this.#set(place, index);
  }

  /** At the same turn, in the order of the list. */
  #isBefore(a: number, b: number): boolean {
    const turn = this.turnOf(a);
    const other = this.turnOf(b);
    return turn < other || (turn === other && a < b);
  }

  #set(place: number, index: number): void {
    this.#heap[place] = index;
    this.#place[index] = place;
  }
}

const NONE: ReadonlyMap<Server, number> = new Map();
