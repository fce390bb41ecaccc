import { Deadline, type Wheel } from '../core/wheel.ts';
import type { Connection } from '../net/connection.ts';
import type { Ending } from '../routing/plan.ts';
import type { RouteGate } from '../routing/route-gate.ts';
import type { ServerConnection, ServerConnectionUser } from '../upstream/server-connection.ts';
import type { Client } from './client.ts';
import type { ClientUser } from './client-user.ts';
import type { Drain } from './drain.ts';

/**
 * Two connections tied together after an upgrade: bytes both ways, unread and unchanged, each side held back while the
 * other is behind, each side's end passed on. It is over when both have ended, or after a long silence of both.
 */
export class Tunnel implements ClientUser, ServerConnectionUser {
  readonly #client: Client;
  readonly #server: ServerConnection;
  readonly #deadline: Deadline;
  readonly #idleMs: number;
  /** Where it holds a place; null: nowhere. */
  readonly #guard: RouteGate | null;
  /** When it ends because ELB does. */
  #draining: Deadline | null = null;
  #over = false;

  readonly #endings: readonly Ending[];

  /** `endings`: who has to know when it is over. */
  constructor(
    client: Client,
    server: ServerConnection,
    wheel: Wheel,
    idleMs: number,
    guard: RouteGate | null,
    endings: readonly Ending[],
  ) {
    this.#client = client;
    this.#server = server;
    this.#deadline = new Deadline(wheel, this);
    this.#idleMs = idleMs;
    this.#guard = guard;
    this.#endings = endings;
    this.#deadline.set(idleMs);
    server.lend(this);
  }

  onClientBytes(bytes: Buffer, from: number, to: number): number {
    this.#copy(bytes, from, to, this.#server.connection, this.#client.connection);
    return to;
  }

  onClientEnd(): void {
    this.#server.connection.end();
  }

  onClientDrain(): void {
    this.#server.connection.resume();
  }

  /** What the client sent before it ended is still delivered; one that broke off takes the server's side with it. */
  onClientGone(): void {
    if (this.#client.ended) this.#server.finish();
    else this.#server.abandon();
    this.#finish();
  }

  /** It has no end of its own that could be waited for, so it gets one. */
  onClientDraining(drain: Drain): void {
    this.#draining = new Deadline(this.#deadline.wheel, { onDeadline: () => this.#end() });
    this.#draining.set(drain.tunnelMs());
  }

  onClientDeadline(): void {}

  onServerConnect(): void {}

  onServerBytes(bytes: Buffer, from: number, to: number): void {
    this.#copy(bytes, from, to, this.#client.connection, this.#server.connection);
  }

  onServerEnd(): void {
    this.#client.connection.end();
  }

  onServerDrain(): void {
    this.#client.connection.resume();
  }

  /** The client gets what is pending, then the end. */
  onServerClose(): void {
    this.#client.next(false);
    this.#finish();
  }

  onDeadline(): void {
    this.#client.connection.destroy();
    this.#server.abandon();
    this.#finish();
  }

  #copy(bytes: Buffer, from: number, to: number, sink: Connection, source: Connection): void {
    this.#deadline.set(this.#idleMs);
    if (to - from <= TEXT_BYTES) sink.writeText(bytes.latin1Slice(from, to));
    else sink.writeCopy('', bytes, from, to, '');
    if (sink.full) source.pause();
  }

  /** Both sides get what was sent to them, then the end. */
  #end(): void {
    this.#client.next(false);
    this.#server.finish();
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.dispose();
    this.#draining?.dispose();
    this.#server.server.done();
    this.#guard?.free();
    for (const ending of this.#endings) ending.ended(SWITCHING_PROTOCOLS);
  }
}

const SWITCHING_PROTOCOLS = 101;
/** See `BodyWriter`. */
const TEXT_BYTES = 8192;
