import { monotonicMs } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Image, ImageNews } from '../store/image.ts';

/** Where an image is kept. `ImageFile` is one. */
export interface ImageStore {
  readonly path: string;
  /** Null if there is none. Rejects if there is one that cannot be used. */
  read(): Promise<Image | null>;
  write(image: Image): Promise<void>;
  /** Adds to what was written; false: it is to be written as a whole. */
  add(news: ImageNews): Promise<boolean>;
  /** Nothing will be added any more. */
  close(): Promise<void>;
}

export interface KeeperOptions {
  readonly images: ImageStore;
  /** The image as of now; null before there is anything to keep. */
  readonly image: () => Image | null;
  /** What is different since the last call of either; null: that cannot be told, but by the image. */
  readonly news: () => ImageNews | null;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/**
 * Keeps the newest image on disk, soon after it changed and never for more than a twentieth of the time: large images, or slow
 * disks, are written less often. Mostly what has changed is added. What goes wrong is said once, and never stops anything.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  #isDirty = false;
  #isFailing = false;
  #cancel: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #pauseMs = MIN_PAUSE_MS;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async read(): Promise<Image | null> {
    const { images, log } = this.#options;
    try {
      const image = await images.read();
      if (image?.isDamaged === true) {
        const { revision } = image;
        log.warn({ file: images.path, revision }, 'the snapshot is damaged: what was known later is lost');
      }
      return image;
    } catch (error) {
      log.warn({ file: images.path, reason: messageOf(error) }, 'the snapshot cannot be used: starting without it');
      return null;
    }
  }

  /** Something is different from what was written. */
  changed(): void {
    this.#isDirty = true;
    this.#cancel ??= this.#options.scheduler.after(this.#pauseMs, () => {
      this.#writing = this.#write().finally(() => {
        this.#cancel = null;
        if (this.#isDirty) this.changed();
      });
    });
  }

  /** Writes what was not written yet. */
  async stop(): Promise<void> {
    await this.#writing;
    this.#cancel?.();
    if (this.#isDirty) await this.#write();
    await this.#options.images.close();
  }

  async #write(): Promise<void> {
    const begun = monotonicMs();
    this.#isDirty = false;
    try {
      if (!(await this.#keep())) {
        this.#isDirty = true;
        return;
      }
      this.#succeeded();
    } catch (error) {
      this.#isDirty = true;
      this.#failed(error);
    }
    const leastMs = this.#isFailing ? RETRY_MS : MIN_PAUSE_MS;
    this.#pauseMs = Math.max(leastMs, MAX_SHARE * (monotonicMs() - begun));
  }

  /** False: there is nothing that could be kept, yet. */
  async #keep(): Promise<boolean> {
    const { images, image, news } = this.#options;
    const changed = news();
    if (changed !== null && (await images.add(changed))) return true;
    const whole = image();
    if (whole !== null) await images.write(whole);
    return whole !== null;
  }

  #succeeded(): void {
    const { images, log } = this.#options;
    if (this.#isFailing) log.info({ file: images.path }, 'the snapshot can be written again');
    this.#isFailing = false;
  }

  #failed(error: unknown): void {
    const { images, log } = this.#options;
    if (!this.#isFailing) {
      log.warn({ file: images.path, reason: messageOf(error) }, 'the snapshot cannot be written: the last one stays');
    }
    this.#isFailing = true;
  }
}

const MIN_PAUSE_MS = 1000;
const RETRY_MS = 30_000;
/** Pause between two writes, in times of what a write takes. */
const MAX_SHARE = 20;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
