import type { StoredReply } from '../upstream/reply-cache.ts';
import type { Connection } from '../net/connection.ts';
import type { Outgoing } from './outgoing.ts';
import { Phase, type Try } from './try.ts';

/** A stored reply that answers a request. */
export interface FoundReply {
  readonly reply: StoredReply;
  /** Instead of its own, and without its body: the client has that. Null: it has not. */
  readonly head: Buffer | null;
  /** RFC 9111 5.1. */
  readonly ageS: number;
}

/** Gives a stored reply to a try as if a server sent it: piece by piece, no faster than its client takes it. */
export class StoredFeed {
  /** Fields of ours in its head. */
  readonly lines: string;
  readonly #head: Buffer;
  readonly #body: Buffer;
  readonly #one: Try;
  #at = 0;
  #isPaused = false;

  constructor(one: Try, { reply, head, ageS }: FoundReply) {
    this.#one = one;
    this.#head = head ?? reply.head;
    this.#body = head === null ? reply.body : NOTHING;
    this.lines = `Age: ${ageS}\r\n`;
  }

  /** Begins a try with it. */
  static begin(one: Try, client: Connection, { method, minor }: Outgoing, found: FoundReply): void {
    one.phase = Phase.REPLY;
    one.relay.begin(client, null, method, null, minor);
    one.stored = new StoredFeed(one, found);
    one.stored.start();
  }

  start(): void {
    this.#one.onServerBytes(this.#head, 0, this.#head.length);
    this.#feed();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** False: it was not held back. */
  resume(): boolean {
    if (!this.#isPaused) return false;
    this.#isPaused = false;
    this.#feed();
    return true;
  }

  #feed(): void {
    const body = this.#body;
    // Inside of the call the exchange may end, or go another way.
    while (this.#at < body.length && this.#one.stored === this && !this.#isPaused) {
      const from = this.#at;
      this.#at = Math.min(from + PIECE_BYTES, body.length);
      this.#one.onServerBytes(body, from, this.#at);
    }
  }
}

const NOTHING = Buffer.alloc(0);
/** As much as a server's connection is read in one go. */
const PIECE_BYTES = 65_536;
