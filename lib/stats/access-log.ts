import sonicBoom, { type SonicBoom } from 'sonic-boom';
import type { Log } from '../core/log.ts';
import type { LogFormat } from './log-format.ts';
import type { Capture, RequestRecord } from './request-record.ts';

export interface AccessLogOptions {
  /** A file, or null for standard output. */
  readonly path: string | null;
  readonly format: LogFormat;
  /** Share of the requests that are logged, 0 to 1; those that ended badly are always. */
  readonly sample: number;
  readonly log: Log;
  readonly random?: () => number;
}

/**
 * One line for each request, written behind the requests' back: lines gather in memory and go out in parts, and where the file
 * does not keep up they are dropped and counted, never waited for. Several processes append to one file, each part whole lines.
 */
export class AccessLog implements Capture {
  readonly fields: readonly string[];
  readonly #options: AccessLogOptions;
  readonly #random: () => number;
  readonly #out: SonicBoom;
  #dropped = 0;
  #isBroken = false;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.fields = options.format.fields;
    this.#random = options.random ?? Math.random;
    this.#out = new sonicBoom.SonicBoom({
      ...(options.path === null ? { fd: process.stdout.fd } : { dest: options.path }),
      append: true,
      sync: false,
      minLength: PART_BYTES / 2,
      maxWrite: PART_BYTES,
      maxLength: MAX_PENDING_BYTES,
      periodicFlush: FLUSH_MS,
    });
    this.#out.on('drop', () => this.#dropped++);
    this.#out.on('error', (error) => this.#broke(error));
    this.#out.on('drain', () => (this.#isBroken = false));
  }

  write(request: RequestRecord): void {
    const { sample, format } = this.#options;
    const isBad = request.fault !== 0 || request.status >= 400;
    if (!isBad && sample < 1 && this.#random() >= sample) return;
    this.#out.write(format.line(request));
  }

  /** Lines that were dropped since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Opens the file anew: it was moved away. */
  reopen(): void {
    if (this.#options.path !== null) this.#out.reopen();
  }

  /** Resolves when what is there is written, or cannot be. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#out.once('close', resolve);
      this.#out.once('error', () => resolve());
      this.#out.end();
    });
  }

  /** A full disk is said once, not once a line. */
  #broke(error: Error): void {
    if (!this.#isBroken)
      this.#options.log.error({ err: error, path: this.#options.path }, 'cannot write the access log');
    this.#isBroken = true;
  }
}

const PART_BYTES = 16_384;
/** What may wait for a slow file in each process. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const FLUSH_MS = 200;
