import type { HttpCheckOptions } from '../upstream/options/checks.ts';

/**
 * The last reply that passed, among all checks with the same options: most servers of an upstream say the same each time, but for
 * the Date. What is the same in every other byte means the same, and need not be parsed again.
 */
export class PassedReply {
  /** What was found in it. */
  status = 0;
  readonly #bytes = Buffer.alloc(MAX_BYTES);
  #length = 0;
  /** Where the value of its Date is; both its length if there is none. */
  #dateFrom = 0;
  #dateTo = 0;
  /** Falls with each reply that is another one, so that nobody goes on looking where replies differ. */
  #worth = MOST_WORTH;

  /** A whole reply has passed, and its connection is kept. */
  keep(bytes: Buffer, from: number, to: number, status: number): void {
    if (this.#worth <= 0 || to - from > MAX_BYTES) return;
    this.#worth--;
    this.status = status;
    this.#length = bytes.copy(this.#bytes, 0, from, to);
    const kept = this.#bytes.latin1Slice(0, this.#length);
    const [, before = kept, value = ''] = DATE.exec(kept) ?? [];
    this.#dateFrom = before.length;
    this.#dateTo = before.length + value.length;
  }

  /** Whether these bytes are that reply again. */
  isSame(bytes: Buffer, from: number, to: number): boolean {
    if (this.#length === 0 || to - from !== this.#length || this.#worth <= 0) return false;
    // As a rule it is that of another server in the same second.
    if (bytes.compare(this.#bytes, 0, this.#length, from, to) !== 0 && !this.#isAnotherDate(bytes, from, to))
      return false;
    if (this.#worth < MOST_WORTH) this.#worth++;
    return true;
  }

  /** Whether only the value of the Date is another one, which is kept then. */
  #isAnotherDate(bytes: Buffer, from: number, to: number): boolean {
    const [dateFrom, dateTo] = [from + this.#dateFrom, from + this.#dateTo];
    if (bytes.compare(this.#bytes, 0, this.#dateFrom, from, dateFrom) !== 0) return false;
    if (bytes.compare(this.#bytes, this.#dateTo, this.#length, dateTo, to) !== 0) return false;
    // A line that ends within the value is another head.
    for (let at = dateFrom; at < dateTo; at++) if ((bytes[at] ?? 0) < SPACE) return false;
    bytes.copy(this.#bytes, this.#dateFrom, dateFrom, dateTo);
    return true;
  }
}

/** One for all checks with the same options. */
export function passedOf(options: HttpCheckOptions): PassedReply {
  let passed = passedReplies.get(options);
  if (passed === undefined) {
    passed = new PassedReply();
    passedReplies.set(options, passed);
  }
  return passed;
}

const passedReplies = new WeakMap<HttpCheckOptions, PassedReply>();

/** What is before the first Date of a head, and its value. */
const DATE = /^((?:[^\r\n]+\r\n)+?date: )([^\r\n]*)\r\n/i;

const MAX_BYTES = 1024;
const MOST_WORTH = 64;
const SPACE = 0x20;
