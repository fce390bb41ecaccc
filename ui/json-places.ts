/** A part of a text, from its first character to behind its last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Places {
  /** By JSON pointer: the value, and the name of the member that it is, if it is one. */
  readonly values: ReadonlyMap<string, Span>;
  readonly names: ReadonlyMap<string, Span>;
  /** For colours, in the order of the text. */
  readonly words: readonly (Span & { readonly kind: 'name' | 'string' | 'number' | 'word' })[];
  /** Where the text stops being JSON (RFC 8259), and what should be there; null: it does not. */
  readonly error: (Span & { readonly msg: string }) | null;
}

/** Finds what a JSON pointer points at in a text that may be JSON only up to some place. */
export function placesOf(text: string): Places {
  const reader = new Reader(text);
  return reader.read();
}

/** The place of a pointer, or of the nearest thing around it that is there. */
export function spanAt({ values, names }: Places, pointer: string): Span {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const root = values.get('')?.from ?? 0;
    if (at === '') return { from: root, to: root + 1 };
    // A problem of a whole object is shown where it begins, at its name.
    const isAround = at !== pointer;
    const found = isAround ? (names.get(at) ?? values.get(at)) : (values.get(at) ?? names.get(at));
    if (found !== undefined) {
      const name = names.get(at);
      return found.to - found.from > 80 && name !== undefined ? name : found;
    }
  }
}

class Stop extends Error {
  readonly at: number;

  constructor(at: number, expected: string) {
    super(expected);
    this.at = at;
  }
}

const BLANK = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const MAX_DEPTH = 500;

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #values = new Map<string, Span>();
  readonly #names = new Map<string, Span>();
  readonly #words: (Span & { readonly kind: 'name' | 'string' | 'number' | 'word' })[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): Places {
    let error: Places['error'] = null;
    try {
      this.#value('', 0);
      this.#skip();
      if (this.#at < this.#text.length) throw new Stop(this.#at, 'the end of the text');
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      const found = this.#text[stop.at];
      const what = found === undefined ? 'the text ends' : `${JSON.stringify(found)} stands`;
      error = {
        from: stop.at,
        to: Math.min(stop.at + 1, this.#text.length),
        msg: `${what} where ${stop.message} should be`,
      };
    }
    return { values: this.#values, names: this.#names, words: this.#words, error };
  }

  #value(pointer: string, depth: number): void {
    this.#skip();
    const from = this.#at;
    const first = this.#text[from];
    if (depth > MAX_DEPTH) throw new Stop(from, 'something less deep');
    if (first === '{') this.#members(pointer, depth);
    else if (first === '[') this.#items(pointer, depth);
    else if (this.#take(STRING)) this.#words.push({ from, to: this.#at, kind: 'string' });
    else if (this.#take(NUMBER)) this.#words.push({ from, to: this.#at, kind: 'number' });
    else if (this.#take(WORD)) this.#words.push({ from, to: this.#at, kind: 'word' });
    else
      throw new Stop(first === '"' ? this.#endOfBadString() : from, first === '"' ? 'the rest of a string' : 'a value');
    this.#values.set(pointer, { from, to: this.#at });
  }

  #members(pointer: string, depth: number): void {
    this.#at++;
    if (this.#next('}')) return;
    do {
      this.#skip();
      const from = this.#at;
      if (!this.#take(STRING)) throw new Stop(from, 'a name in quotes');
      const span = { from, to: this.#at };
      // The grammar above is that of JSON strings.
      const name = JSON.parse(this.#text.slice(from, this.#at)) as string;
      const below = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      this.#words.push({ ...span, kind: 'name' });
      this.#names.set(below, span);
      this.#skip();
      if (!this.#next(':')) throw new Stop(this.#at, 'a colon');
      this.#value(below, depth + 1);
    } while (this.#next(','));
    if (!this.#next('}')) throw new Stop(this.#at, 'a comma or }');
  }

  #items(pointer: string, depth: number): void {
    this.#at++;
    if (this.#next(']')) return;
    let index = 0;
    do this.#value(`${pointer}/${String(index++)}`, depth + 1);
    while (this.#next(','));
    if (!this.#next(']')) throw new Stop(this.#at, 'a comma or ]');
  }

  #next(mark: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #skip(): void {
    this.#take(BLANK);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return false;
    this.#at += found.length;
    return true;
  }

  /** The line break or bad escape that a string cannot have. */
  #endOfBadString(): number {
    const found = /[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*/y;
    found.lastIndex = this.#at + 1;
    return this.#at + 1 + (found.exec(this.#text)?.[0].length ?? 0);
  }
}
