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
 * One line for each request, written behind the requests' back: lines gather in a page of bytes and go out page by page, and where
 * the file does not keep up they are dropped and counted, never waited for. Several processes append to one file, each page whole
 * lines.
 */
export class AccessLog implements Capture {
  readonly fields: readonly string[];
  readonly nodes: boolean;
  readonly servers: boolean;
  readonly #options: AccessLogOptions;
  readonly #random: () => number;
  readonly #out: SonicBoom;
  readonly #timer: NodeJS.Timeout;
  #page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  /** Bytes and lines of the page. */
  #used = 0;
  #lines = 0;
  #dropped = 0;
  #isBroken = false;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.fields = options.format.fields;
    this.nodes = options.format.nodes;
    this.servers = options.format.servers;
    this.#random = options.random ?? Math.random;
    this.#out = new sonicBoom.SonicBoom({
      ...(options.path === null ? { fd: process.stdout.fd } : { dest: options.path }),
      append: true,
      sync: false,
      // As text each line would be joined to those that wait, and all of them measured anew: 5 us a line.
      contentMode: 'buffer',
      maxWrite: PAGE_BYTES,
      maxLength: MAX_PENDING_BYTES,
    });
    this.#out.on('drop', () => (this.#dropped += this.#lines));
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS).unref();
    this.#out.on('error', (error) => this.#broke(error));
    this.#out.on('drain', () => (this.#isBroken = false));
  }

  write(request: RequestRecord): void {
    const { sample, format } = this.#options;
    const isBad = request.fault !== 0 || request.status >= 400;
    if (!isBad && sample < 1 && this.#random() >= sample) return;
    this.#add(format.line(request));
  }

  /** Lines that were dropped since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Opens the file anew: it was moved away. */
  reopen(): void {
    if (this.#options.path === null) return;
    this.#flush();
    this.#out.reopen();
  }

  /** Resolves when what is there is written, or cannot be. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    return new Promise((resolve) => {
      this.#out.once('close', resolve);
      this.#out.once('error', () => resolve());
      this.#out.end();
    });
  }

  #add(line: string): void {
    if (line.length > this.#page.length - this.#used) this.#flush();
    if (line.length > this.#page.length) this.#page = Buffer.allocUnsafeSlow(line.length);
    this.#used += this.#page.latin1Write(line, this.#used);
    this.#lines++;
  }

  /** Gives the page away, to be kept until it is written, and begins another one. */
  #flush(): void {
    if (this.#used === 0) return;
    // The published types know only text.
    this.#out.write(this.#page.subarray(0, this.#used) as unknown as string);
    this.#page = Buffer.allocUnsafeSlow(PAGE_BYTES);
    this.#used = 0;
    this.#lines = 0;
  }

  /** A full disk is said once, not once a line. */
  #broke(error: Error): void {
    if (!this.#isBroken)
      this.#options.log.error({ err: error, path: this.#options.path }, 'cannot write the access log');
    this.#isBroken = true;
  }
}

/** A page goes through a thread that writes, which costs as much as thirty lines: few and large ones. */
const PAGE_BYTES = 65_536;
/** What may wait for a slow file in each process. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const FLUSH_MS = 200;
