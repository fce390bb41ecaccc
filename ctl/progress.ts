const TURNS = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FIRST_MS = 300;
const TURN_MS = 120;

/** A line that moves while something takes longer than a moment: only on a terminal, and gone at the end. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #what: string;
  readonly #begun = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #isShown = false;
  #turn = 0;

  constructor(stream: NodeJS.WriteStream, what: string) {
    this.#stream = stream;
    this.#what = what;
    if (stream.isTTY) this.#timer = setTimeout(() => this.#show(), FIRST_MS);
    this.#timer?.unref();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isShown) this.#stream.write(CLEAR_LINE);
    this.#isShown = false;
  }

  #show(): void {
    this.#isShown = true;
    const seconds = Math.floor((performance.now() - this.#begun) / 1000);
    const text = `${TURNS[this.#turn++ % TURNS.length] ?? ''} ${this.#what} (${String(seconds)} s)`;
    this.#stream.write(CLEAR_LINE + text.slice(0, Math.max(10, this.#stream.columns - 1)));
    this.#timer = setTimeout(() => this.#show(), TURN_MS);
    this.#timer.unref();
  }
}

/** To the first column, and empty from there on (ECMA-48 EL). */
const CLEAR_LINE = '\r\x1b[K';
