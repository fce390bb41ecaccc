import type { Command } from './process.ts';

/** Where a peer gets its configuration from, and between what it stands. */
export interface Scene {
  /** An empty folder for the peer's own files. */
  readonly directory: string;
  /** Where the peer listens on 127.0.0.1. */
  readonly port: number;
  /** Processes that do the work, for a peer that can have several: 1 wherever peers are compared. */
  readonly workers: number;
  /** Ports of the servers behind it, all on 127.0.0.1; the last node of the graph sends requests to all of them in turn. */
  readonly servers: readonly number[];
  /** `large`: 100,000 domains and 10,000 upstreams beside the one that requests are for. */
  readonly table: TableSize;
  /** What is reported about each request: nothing, or whatever the peer has for it (statsd, else its access log). */
  readonly statistics: { readonly statsdPort: number } | null;
}

export type TableSize = 'small' | 'large';

/** What not every peer can do. */
export type Ability = 'large table' | 'statistics' | 'upgrade';

/**
 * A proxy that ELB is compared with: one file in `peers/` each.
 *
 * It keeps connections to its servers alive, sends them to HTTP/1.1, chooses them in turn, sets Host as the client sent it,
 * X-Real-IP, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and REMOTE-HOST, and runs in one process that does the work.
 */
export interface Peer {
  readonly name: string;
  /** What to install where it is missing. */
  readonly source: string;
  readonly abilities: readonly Ability[];
  /** How it decides where a request goes. */
  readonly routing: string;
  /** Its version, or null where it is not installed. */
  version(): string | null;
  /** Writes its configuration into the scene's folder and says how to start it. */
  prepare(scene: Scene): Command;
}

export function definePeer(peer: Peer): Peer {
  return peer;
}
