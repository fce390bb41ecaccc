import type { Socket } from 'node:net';
import { ServerSession, type ServerSessionBounds, type SessionKeeper } from '../http2/server-session.ts';
import type { StreamConnection } from '../http2/stream-connection.ts';
import type { ConnectionOwner } from '../net/connection.ts';

/** The sessions of HTTP/2 with one server: as many as its streams need. */
export class ServerSessions implements SessionKeeper {
  allowed = Infinity;
  readonly #sessions = new Set<ServerSession>();

  /** A stream of a session that has room, else of a new one on the socket that `dial` begins to connect. */
  open(owner: ConnectionOwner, isSecure: boolean, bounds: ServerSessionBounds, dial: () => Socket): StreamConnection {
    for (const session of this.#sessions) if (session.hasRoom) return session.open(owner);
    const session = new ServerSession(dial(), isSecure, bounds, this);
    this.#sessions.add(session);
    return session.open(owner);
  }

  /** A stream of a session that nobody else uses. */
  openAlone(
    owner: ConnectionOwner,
    isSecure: boolean,
    bounds: ServerSessionBounds,
    dial: () => Socket,
  ): StreamConnection {
    return new ServerSession(dial(), isSecure, { ...bounds, maxUses: 1, idleMs: 0 }, this).open(owner);
  }

  onGone(session: ServerSession): void {
    this.#sessions.delete(session);
  }

  /** Ends those that carry nothing; answers how many. */
  endIdle(): number {
    const idle = [...this.#sessions].filter(({ isUsed }) => !isUsed);
    for (const session of idle) session.leave();
    return idle.length;
  }

  /** No new streams on any of them. */
  clear(): void {
    for (const session of this.#sessions) session.leave();
  }
}
