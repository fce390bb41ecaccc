import { isRemoval } from '../../lib/change.ts';
import type { TableChange } from '../../lib/change.ts';
import { Feed } from '../../lib/cluster/feed.ts';
import type { ToWorker } from '../../lib/cluster/messages.ts';
import { Worker } from '../../lib/cluster/worker.ts';
import type { Plane } from '../../lib/cluster/worker.ts';

/** So few that a table of some items takes several messages. */
const SLICE_BYTES = 500;

/** A worker that takes its messages when it is told to: the real feed and the real worker, with a table instead of a data plane. */
export class SimulatedWorker {
  readonly table = new Map<string, TableChange>();
  /** Sequence of the last changes that it has applied; 0 before the first. */
  applied = 0;
  readonly #messages: { readonly message: ToWorker; readonly written: (() => void) | undefined }[] = [];
  readonly #feed: Feed;
  readonly #worker: Worker;

  constructor(sequence: number, whole: readonly TableChange[]) {
    const send = (message: ToWorker, written?: () => void) => this.#messages.push({ message, written });
    this.#feed = new Feed({ pid: 0, listen: [], isTold: false, send, kill: () => undefined }, SLICE_BYTES);
    const plane = { apply: (changes: readonly TableChange[]) => this.#apply(changes) };
    this.#worker = new Worker(
      {
        send: (message) => {
          if (message.kind === 'applied') this.applied = message.sequence;
        },
      },
      // Nothing else of it is used here.
      () => plane as unknown as Plane,
      () => undefined,
    );
    // What it would need to build a data plane.
    this.#worker.handle({ kind: 'start' } as ToWorker);
    this.tell(sequence, whole);
  }

  get isIdle(): boolean {
    return this.#messages.length === 0;
  }

  tell(sequence: number, changes: readonly TableChange[]): void {
    this.#feed.tell(sequence, changes, true);
  }

  /** One message arrives. */
  deliver(): void {
    const next = this.#messages.shift();
    if (next === undefined) return;
    this.#worker.handle(next.message);
    next.written?.();
  }

  #apply(changes: readonly TableChange[]): void {
    for (const change of changes) {
      const item = itemOf(change);
      if (isRemoval(change)) this.table.delete(item);
      else this.table.set(item, change);
    }
  }
}

/** Two changes with the same item are about the same thing. */
export function itemOf(change: TableChange): string {
  return `${change.kind === 'bad-domain' ? 'domain' : change.kind} ${change.name}`;
}
