import { stringify } from 'yaml';
import { printableDocument } from './printable.ts';
import { Progress } from './progress.ts';
import type { Style } from './style.ts';
import { styleOf } from './style.ts';
import { textTable } from './text-table.ts';
import type { Cell } from './text-table.ts';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export interface ScreenOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly format: Format;
}

/** What the program says: results on standard output, for people or for programs; everything else on standard error. */
export class Screen {
  readonly format: Format;
  readonly style: Style;
  readonly #options: ScreenOptions;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.format = options.format;
    this.style = options.format === 'table' ? styleOf(options.stdout, options.env) : (_, text) => text;
  }

  /** Whether a person sees the results come. */
  get isTerminal(): boolean {
    return this.#options.stdout.isTTY && this.format === 'table';
  }

  /** Width of the terminal; null: there is none. */
  get columns(): number | null {
    return this.#options.stdout.isTTY ? this.#options.stdout.columns : null;
  }

  get rows(): number {
    return this.#options.stdout.rows;
  }

  /** Calls back when the terminal has another size, until the answer is called. */
  onResize(onSize: () => void): () => void {
    const { stdout } = this.#options;
    stdout.on('resize', onSize);
    return () => void stdout.off('resize', onSize);
  }

  /** The result: as it is for programs, as `text` says it for people. */
  show(value: unknown, text: () => string): void {
    switch (this.format) {
      case 'json':
        this.write(printableDocument(`${JSON.stringify(value, null, 2)}\n`));
        break;
      case 'yaml':
        this.write(yamlText(value));
        break;
      case 'table':
        this.write(text());
        break;
    }
  }

  /** A table as wide as the terminal. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
    return textTable(head, rows, { columns: this.columns, style: this.style });
  }

  write(text: string): void {
    this.#options.stdout.write(text);
  }

  /** A remark beside the result. */
  note(text: string): void {
    this.#options.stderr.write(`${text}\n`);
  }

  /** Says that something takes time, where a person waits for it; gone when it is done. */
  async during<Value>(what: string, work: Promise<Value>): Promise<Value> {
    const progress = new Progress(this.#options.stderr, what);
    try {
      return await work;
    } finally {
      progress.end();
    }
  }
}

export function yamlText(value: unknown): string {
  return printableDocument(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
}
