import type { Section } from '../core/handover.ts';
import type { SyncCore } from './core.ts';
import { keptOverlay } from './overlays.ts';
import type { KeptOverlay } from './overlays.ts';

/** Operators' changes on their way from one primary to the next, which they would otherwise not outlive. */
export class Inheritance {
  readonly #section: Section;

  constructor(section: Section) {
    this.#section = section;
  }

  /** Calls back for what the primary before has kept, and keeps meanwhile. What it dumps is news of the store. */
  receive(take: (key: string, kept: KeptOverlay) => void): void {
    const receive = (key: string, raw: unknown): void => {
      const kept = keptOverlay(raw);
      if (kept !== null) take(key, kept);
    };
    this.#section.onNews(receive);
    for (const [key, raw] of this.#section.entries) receive(key, raw);
  }

  /** Keeps what has changed. Resolves once it is out of this process's hands. */
  async keep(core: SyncCore): Promise<void> {
    const changes = core.takeKept();
    if (changes.length > 0) await Promise.all(changes.map(([key, kept]) => this.#section.keep(key, kept)));
  }
}
