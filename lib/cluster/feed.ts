import type { TableChange } from '../change.ts';
import type { WorkerLink } from './link.ts';
import type { ToWorker } from './messages.ts';

interface Batch {
  readonly sequence: number;
  readonly whole: boolean;
  readonly onDraft: boolean;
  readonly changes: readonly TableChange[];
  /** Index of the first change that was not sent. */
  next: number;
  /** What is sent behind it. */
  readonly behind: ToWorker[];
}

/**
 * Tells one worker the changes of its table, in order. A large batch goes in slices, each once the one before is on its way, so
 * that neither side is held up by it and no second copy of the table piles up here. Slices of the first batch are larger: a worker
 * without a table has nothing else to do.
 */
export class Feed {
  readonly #link: WorkerLink;
  readonly #sliceBytes: number;
  readonly #batches: Batch[] = [];
  /** What the first table will probably be made of, and is not sent yet. */
  readonly #draft: Uint8Array[] = [];
  #isFirst = true;
  #isWaiting = false;

  /** `sliceBytes`: about the size of a message. */
  constructor(link: WorkerLink, sliceBytes = SLICE_BYTES) {
    this.#link = link;
    this.#sliceBytes = sliceBytes;
  }

  /** `onDraft`: on top of all that was drafted. */
  tell(sequence: number, changes: readonly TableChange[], whole: boolean, onDraft = false): void {
    this.#batches.push({ sequence, changes, whole, onDraft, next: 0, behind: [] });
    this.#send();
  }

  /** Tells what the first table will probably be made of, in pieces of about the size of a message. */
  draft(piece: Uint8Array): void {
    this.#draft.push(piece);
    this.#send();
  }

  /** Sends a message behind everything that was told so far. */
  follow(message: ToWorker): void {
    const last = this.#batches.at(-1);
    if (last === undefined) this.#link.send(message);
    else last.behind.push(message);
  }

  #send(): void {
    while (!this.#isWaiting) {
      const piece = this.#draft.shift();
      if (piece !== undefined) {
        this.#isWaiting = true;
        this.#link.send({ kind: 'draft', piece }, () => this.#written());
        return;
      }
      const [batch] = this.#batches;
      if (batch === undefined) return;
      const { sequence, whole, onDraft, changes, next } = batch;
      batch.next = endOfSlice(changes, next, this.#isFirst ? FIRST_TIMES * this.#sliceBytes : this.#sliceBytes);
      const more = batch.next < changes.length;
      this.#isFirst &&= more;
      const slice = next === 0 && !more ? changes : changes.slice(next, batch.next);
      if (!more) this.#batches.shift();
      this.#isWaiting = more;
      const message = { kind: 'table', sequence, more, whole, onDraft, changes: slice } as const;
      if (more) this.#link.send(message, () => this.#written());
      else for (const one of [message, ...batch.behind]) this.#link.send(one);
    }
  }

  #written(): void {
    this.#isWaiting = false;
    this.#send();
  }
}

function endOfSlice(changes: readonly TableChange[], from: number, sliceBytes: number): number {
  let bytes = 0;
  let end = from;
  for (; end < changes.length && (end === from || bytes < sliceBytes); end++) {
    const change = changes[end];
    bytes +=
      CHANGE_BYTES + (change !== undefined && 'document' in change ? (change.document?.length ?? 0) : CHANGE_BYTES);
  }
  return end;
}

/** What a pipe holds, and a worker reads in less than a millisecond. */
const SLICE_BYTES = 65_536;
/** How much larger slices of the first batch are: more of them cost more turns, larger ones are held twice. */
const FIRST_TIMES = 16;
/** Of a change beside its document, and of the servers of an upstream. */
const CHANGE_BYTES = 200;
