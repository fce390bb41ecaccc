/**
 * Samples of several metrics as bytes, metric by metric, kept from page to page so that what rests is only copied. Bytes are outside the heap: no
 * collection of garbage has to look at them, and they are written over where there is room.
 */
export class WrittenLines {
  #bytes: Buffer = NOTHING;
  /** Where each metric's samples end. */
  #ends: readonly number[] = [];

  /** `texts`: the samples of each metric. */
  write(texts: readonly string[]): void {
    const lengths = texts.map((text) => Buffer.byteLength(text));
    const length = lengths.reduce((sum, one) => sum + one, 0);
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(length * HEADROOM));
    let end = 0;
    this.#ends = texts.map((text) => (end += this.#bytes.write(text, end)));
  }

  /** How long the samples of a metric are, by its place. */
  lengthOf(metric: number): number {
    return (this.#ends[metric] ?? 0) - this.#startOf(metric);
  }

  copyTo(metric: number, target: Buffer, at: number): void {
    this.#bytes.copy(target, at, this.#startOf(metric), this.#ends[metric]);
  }

  #startOf(metric: number): number {
    return metric === 0 ? 0 : (this.#ends[metric - 1] ?? 0);
  }
}

/** Numbers grow. */
const HEADROOM = 1.1;
const NOTHING = Buffer.alloc(0);
