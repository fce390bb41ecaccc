import { monotonicMs } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { LoadReport } from '../stats/report.ts';
import { Gate } from './gate.ts';
import { Memory } from './memory.ts';
import { Pressure } from './pressure.ts';
import type { PressureListener } from './pressure.ts';

export interface OverloadOptions {
  readonly log: Log;
  /** Puts the gate in the way of new requests, or (null) takes it away. */
  readonly setGate: (gate: Gate | null) => void;
  readonly maxWaitMs: number;
  /** Memory has begun or ceased to be short. */
  readonly setShort: (isShort: boolean) => void;
  /** Ends what nobody uses; called once a second while memory is short. */
  readonly relieve: () => void;
}

/**
 * Notices that a worker has more to do than it can, or less memory than it needs, puts the gate in the way of requests or closes
 * its doors while that lasts, and says so when it begins and when it ends.
 */
export class Overload implements PressureListener {
  readonly #options: OverloadOptions;
  readonly #gate: Gate;
  readonly #memory = new Memory();
  readonly #pressure: Pressure;
  #timer: NodeJS.Timeout | null = null;
  #since = 0;
  #shedBefore = 0;
  #reportedShed = 0;

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#gate = new Gate({ waitMs: options.maxWaitMs });
    this.#pressure = new Pressure(this);
  }

  /** Has no effect where it has begun. */
  start(): void {
    if (this.#timer !== null) return;
    this.#pressure.start();
    this.#timer = setInterval(() => this.#lookAtMemory(), MEMORY_LOOK_MS).unref();
  }

  stop(): void {
    this.#pressure.stop();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** How it bears its load; `shed` since the last report. */
  report(): LoadReport {
    const { waiting, shedCount } = this.#gate;
    const shed = shedCount - this.#reportedShed;
    this.#reportedShed = shedCount;
    const overloaded = this.#pressure.late;
    return { overloaded, shortOfMemory: this.#memory.short, waiting, shed, ...this.#pressure.loop };
  }

  onLate(): void {
    this.#since = monotonicMs();
    this.#shedBefore = this.#gate.shedCount;
    this.#gate.enter();
    this.#options.setGate(this.#gate);
    this.#options.log.warn({ loopDelayMs: Math.round(this.#pressure.loop.delayMs) }, 'overloaded');
  }

  settled(): boolean {
    return this.#gate.waiting === 0;
  }

  onInTime(): void {
    this.#options.setGate(null);
    const seconds = Math.round((monotonicMs() - this.#since) / 1000);
    this.#options.log.warn({ seconds, shed: this.#gate.shedCount - this.#shedBefore }, 'no longer overloaded');
  }

  onBlocked(ms: number): void {
    this.#options.log.warn({ ms: Math.round(ms) }, 'the event loop stood still');
  }

  #lookAtMemory(): void {
    const before = this.#memory.short;
    const isShort = this.#memory.look();
    if (isShort) this.#options.relieve();
    if (isShort === before) return;
    this.#options.setShort(isShort);
    this.#options.log.warn(isShort ? 'memory runs out' : 'memory suffices again');
  }
}

const MEMORY_LOOK_MS = 1000;
