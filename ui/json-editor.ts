import type { Problem } from './ask.ts';
import { element, fill } from './element.ts';
import { placesOf, spanAt } from './json-places.ts';
import type { Places, Span } from './json-places.ts';

export interface JsonEditorOptions {
  readonly label: string;
  readonly onInput: (text: string) => void;
  /** Somebody asks for what comes after editing: Ctrl+Enter. */
  readonly onDone: () => void;
}

interface Mark extends Span {
  readonly msg: string;
}

/**
 * A text field for JSON that shows what is wrong where it is wrong: underlined, with the reason behind the line, and below in a list
 * for those who do not see it there. Tab leaves the field, as everywhere.
 */
export class JsonEditor {
  readonly root: HTMLElement;
  readonly #field: HTMLTextAreaElement;
  readonly #mirror = element('pre', { class: 'mirror', 'aria-hidden': 'true' });
  readonly #gutter = element('pre', { class: 'gutter', 'aria-hidden': 'true' });
  readonly #list = element('ul', { class: 'problems', id: 'editor-problems', 'aria-live': 'polite' });
  #places: Places;
  #marks: readonly Mark[] = [];

  constructor(text: string, options: JsonEditorOptions) {
    this.#field = element('textarea', {
      'aria-label': options.label,
      'aria-describedby': 'editor-problems',
      spellcheck: 'false',
      autocapitalize: 'off',
      autocomplete: 'off',
      wrap: 'off',
    });
    this.#field.value = text;
    this.#field.setSelectionRange(0, 0);
    this.#places = placesOf(text);
    this.#field.addEventListener('input', () => {
      this.#places = placesOf(this.#field.value);
      // Marks of the text before would stand in the wrong places.
      this.#mark([]);
      options.onInput(this.#field.value);
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        options.onDone();
      } else if (event.key === 'Enter' && !event.shiftKey && !event.altKey && !event.isComposing) this.#indent(event);
    });
    const code = element('div', { class: 'code' }, this.#mirror, this.#field);
    this.root = element('div', { class: 'editor' }, element('div', { class: 'sheet' }, this.#gutter, code), this.#list);
    this.#mark([]);
  }

  get text(): string {
    return this.#field.value;
  }

  set text(text: string) {
    this.#field.value = text;
    this.#places = placesOf(text);
    this.#mark([]);
  }

  /** Where the text is no JSON, or null. */
  get error(): Mark | null {
    return this.#places.error;
  }

  focus(): void {
    this.#field.focus();
  }

  /** Shows problems; pointers begin at the text's own root. */
  show(problems: readonly Problem[]): void {
    this.#mark(problems.map(({ at, msg }) => ({ ...spanAt(this.#places, at), msg })));
  }

  /** Selects what a pointer points at. */
  reveal(pointer: string): void {
    const span = spanAt(this.#places, pointer);
    this.#field.setSelectionRange(span.from, span.from);
    this.#scrollTo(span);
  }

  /** The field is as high as its text; what scrolls is around it. */
  #scrollTo({ from }: Span): void {
    const line = lineOf(this.#field.value, from);
    this.root.firstElementChild?.scrollTo({ top: Math.max(0, (line - 3) * LINE_PX) });
  }

  #mark(marks: readonly Mark[]): void {
    const { error } = this.#places;
    this.#marks = (error === null ? [...marks] : [error]).toSorted((a, b) => a.from - b.from);
    this.#field.setAttribute('aria-invalid', String(this.#marks.length > 0));
    this.#paint();
    const items = this.#marks.map((mark) =>
      element(
        'li',
        {},
        element(
          'button',
          { type: 'button', onclick: () => this.#go(mark) },
          element('span', { class: 'where' }, `line ${lineOf(this.#field.value, mark.from) + 1}`),
          mark.msg,
        ),
      ),
    );
    fill(this.#list, items);
  }

  #go(span: Span): void {
    this.#field.focus({ preventScroll: true });
    this.#field.setSelectionRange(span.from, span.to);
    this.#scrollTo(span);
  }

  /** Draws the text once more behind the field, in colours and with its marks. */
  #paint(): void {
    const text = this.#field.value;
    const wrongLines = new Map<number, string[]>();
    for (const { from, msg } of this.#marks) {
      const line = lineOf(text, from);
      wrongLines.set(line, [...(wrongLines.get(line) ?? []), msg]);
    }
    const pieces: Node[] = [];
    const spans = [
      ...this.#places.words.map((word) => ({ ...word, name: word.kind as string })),
      ...this.#marks.map((mark) => ({ ...mark, name: 'wrong' })),
    ];
    const cuts = [...new Set([0, text.length, ...spans.flatMap(({ from, to }) => [from, to])])].toSorted(
      (a, b) => a - b,
    );
    const starts = Map.groupBy(spans, ({ from }) => from);
    let open: typeof spans = [];
    for (const [i, from] of cuts.entries()) {
      const to = cuts[i + 1];
      if (to === undefined) break;
      open = [...open.filter((span) => span.to > from), ...(starts.get(from) ?? [])];
      const names = open.map(({ name }) => name).join(' ');
      pieces.push(element('span', names === '' ? {} : { class: names }, text.slice(from, to)));
    }
    const lines = text.split('\n').length;
    const notes = [...wrongLines].map(([line, said]) => {
      const note = element('span', { class: 'note' }, said.join('; '));
      note.style.top = `calc(${String(line)} * var(--line))`;
      const length = text.split('\n', line + 1)[line]?.length ?? 0;
      note.style.left = `calc(${String(length + 2)}ch)`;
      return note;
    });
    fill(this.#mirror, pieces, '\n', notes);
    fill(
      this.#gutter,
      Array.from({ length: lines }, (_, i) =>
        element('span', wrongLines.has(i) ? { class: 'wrong' } : {}, `${String(i + 1)}\n`),
      ),
    );
    this.#field.style.height = `calc(${String(lines)} * var(--line))`;
    const longest = Math.max(...text.split('\n').map((line) => line.length));
    this.#field.style.minWidth = `${String(longest + 4)}ch`;
  }

  /** A new line begins where the one before did. */
  #indent(event: KeyboardEvent): void {
    const { selectionStart, value } = this.#field;
    const line = value.slice(value.lastIndexOf('\n', selectionStart - 1) + 1, selectionStart);
    const blank = /^\s*/.exec(line)?.[0] ?? '';
    const deeper = /[{[]\s*$/.test(line) ? '  ' : '';
    if (blank === '' && deeper === '') return;
    event.preventDefault();
    this.#field.setRangeText(`\n${blank}${deeper}`, selectionStart, this.#field.selectionEnd, 'end');
    this.#field.dispatchEvent(new Event('input'));
  }
}

/** As in the style sheet. */
const LINE_PX = 20;

function lineOf(text: string, at: number): number {
  let line = 0;
  for (let i = text.indexOf('\n'); i !== -1 && i < at; i = text.indexOf('\n', i + 1)) line++;
  return line;
}
