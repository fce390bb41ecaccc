import type { Limits } from '../core/limits.ts';
import type { Deadline, Wheel } from '../core/wheel.ts';
import type { Connection } from '../net/connection.ts';

/**
 * What a client has been answered and has not taken yet: waited for as long as it goes on taking. With its last answer comes
 * the FIN, and what it still sends is thrown away for a while, so that the answer is not lost to a RST.
 */
export class Untaken {
  readonly #connection: Connection;
  readonly #deadline: Deadline;
  readonly #wheel: Wheel;
  readonly #limits: Limits;
  /** Bytes it had not taken when it was last looked at. */
  #bytes = 0;
  /** Wheel time; 0 before the FIN. */
  #until = 0;

  constructor(
    connection: Connection,
    deadline: Deadline,
    { wheel, limits }: { readonly wheel: Wheel; readonly limits: Limits },
  ) {
    this.#connection = connection;
    this.#deadline = deadline;
    this.#wheel = wheel;
    this.#limits = limits;
  }

  /** More requests may follow once it has taken this. */
  wait(): void {
    this.#bytes = this.#connection.pending;
    this.#deadline.set(this.#limits.sendMs);
  }

  /** That was the last answer. */
  finish(): void {
    this.#until = this.#wheel.now + MAX_LINGER_MS;
    this.#connection.end();
    this.#bytes = this.#connection.pending;
    this.#deadline.set(this.#bytes > 0 ? this.#limits.sendMs : LINGER_MS);
  }

  /** A client that still sends has not yet read that nobody listens. */
  onBytes(): void {
    if (this.#wheel.now > this.#until) this.#connection.destroy();
    else if (this.#bytes === 0) this.#deadline.set(LINGER_MS);
  }

  onDeadline(): void {
    const { pending } = this.#connection;
    if (pending === this.#bytes) this.#connection.destroy();
    else {
      this.#bytes = pending;
      this.#deadline.set(pending > 0 ? this.#limits.sendMs : LINGER_MS);
    }
  }
}

/** How long a client may be silent after its last reply, and how long it may go on sending (nginx: `lingering_time`). */
const LINGER_MS = 2000;
const MAX_LINGER_MS = 30_000;
