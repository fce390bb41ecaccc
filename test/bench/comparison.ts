import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../fixtures/free-ports.ts';
import { untilReady } from './clients.ts';
import { usageOf } from './measure.ts';
import type { Peer, Scene } from './peer.ts';
import { PROXY_CORE, PinnedProcess } from './process.ts';
import type { PeerRounds } from './report.ts';
import type { Figures, Target, Work } from './works.ts';

/** What is there before peers are started. */
export interface Places {
  /** Ports of the servers. */
  readonly servers: readonly number[];
  readonly statsdPort: number;
  /** Every peer gets a folder of its own in it. */
  readonly directory: string;
}

/** One work: its peers are started, measured in turn and stopped. */
export class Comparison {
  readonly #work: Work;
  readonly #places: Places;

  constructor(work: Work, places: Places) {
    this.#work = work;
    this.#places = places;
  }

  async run(peers: readonly Peer[], rounds: number, seconds: number): Promise<PeerRounds[]> {
    const parts = peers.map((peer) => new Part(peer, this.#whyNot(peer)));
    for (const part of parts) await part.attempt(() => this.#warmUp(part, seconds));
    const most = this.#work.fresh ? Math.min(rounds, FRESH_ROUNDS) : rounds;
    for (let round = 0; round < most; round++) {
      for (const part of parts) await part.attempt(() => this.#measure(part, seconds));
    }
    for (const part of parts) await part.stop();
    return parts;
  }

  #whyNot(peer: Peer): string | null {
    if (peer.version() === null) return `missing (${peer.source})`;
    const { needs } = this.#work;
    return needs === null || peer.abilities.includes(needs) ? null : `not measured: ${needs}`;
  }

  async #warmUp(part: Part, seconds: number): Promise<void> {
    if (this.#work.fresh) return;
    part.running = await this.#start(part.peer);
    await this.#work.measure(part.running.target, Math.max(seconds, WARM_UP_SECONDS));
  }

  async #measure(part: Part, seconds: number): Promise<void> {
    if (this.#work.fresh) {
      await part.stop();
      part.running = await this.#start(part.peer);
    }
    if (part.running !== null) part.rounds.push(await this.#work.measure(part.running.target, seconds));
    process.stderr.write('.');
  }

  async #start(peer: Peer): Promise<Running> {
    const { key, table, needs } = this.#work;
    const port = freePort();
    const directory = join(this.#places.directory, `${key}-${peer.name}-${port}`);
    mkdirSync(directory);
    const scene: Scene = {
      directory,
      port,
      workers: 1,
      servers: this.#places.servers,
      table,
      statistics: needs === 'statistics' ? { statsdPort: this.#places.statsdPort } : null,
    };
    const pinned = await PinnedProcess.start(PROXY_CORE, peer.prepare(scene), join(directory, 'log'));
    const running = { pinned, target: this.#targetOf(pinned, port, directory) };
    try {
      await pinned.accepts(port, START_MS);
      await untilReady(port, START_MS);
    } catch (error) {
      await pinned.stop();
      throw error;
    }
    return running;
  }

  #targetOf(pinned: PinnedProcess, port: number, directory: string): Target {
    const serverPort = this.#places.servers[0] ?? 0;
    return { port, serverPort, directory, usage: () => usageOf(pinned.pid) };
  }
}

interface Running {
  readonly pinned: PinnedProcess;
  readonly target: Target;
}

/** A peer's part in one work. What goes wrong with it ends its part and is named in the report. */
class Part implements PeerRounds {
  readonly peer: Peer;
  readonly name: string;
  readonly rounds: Figures[] = [];
  missing: string | null;
  running: Running | null = null;

  constructor(peer: Peer, missing: string | null) {
    this.peer = peer;
    this.name = peer.name;
    this.missing = missing;
  }

  async attempt(step: () => Promise<void>): Promise<void> {
    if (this.missing !== null) return;
    try {
      await step();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${this.name}: ${words}\n`);
      this.missing = `failed: ${words.split('\n', 1)[0]}`;
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    await this.running?.pinned.stop();
    this.running = null;
  }
}

const START_MS = 60_000;
/** What a just-in-time compiler needs to see. */
const WARM_UP_SECONDS = 2;
/** Most rounds of works that start each peer anew: they take long, and memory varies little. */
const FRESH_ROUNDS = 3;
