import { stripVTControlCharacters } from 'node:util';
import { printable } from './printable.ts';
import { plain } from './style.ts';
import type { Style, StyleName } from './style.ts';

/** A cell, or one with a colour. */
export type Cell = string | number | { readonly text: string; readonly style: StyleName };

export interface TableLook {
  /** Of the terminal: wider tables are cut to that. Null: as wide as it takes. */
  readonly columns: number | null;
  readonly style: Style;
  /** Whether the last columns may be left out where the terminal is too narrow. */
  readonly drops?: boolean;
}

/** A table for people: columns of equal width, the widest ones cut where the terminal is too narrow. Lines end with a newline. */
export function textTable(
  allHead: readonly string[],
  allRows: readonly (readonly Cell[])[],
  { columns, style, drops = false }: TableLook = { columns: null, style: plain },
): string {
  const allTexts = allRows.map((row) => row.map((cell) => printable(textOf(cell))));
  const allWidths = allHead.map((title, i) =>
    allTexts.reduce((width, row) => Math.max(width, lengthOf(row[i])), title.length),
  );
  const shown = columns !== null && drops ? columnsThatFit(allWidths, columns) : allHead.length;
  const [head, widths] = [allHead.slice(0, shown), allWidths.slice(0, shown)];
  const texts = allTexts.map((row) => row.slice(0, shown));
  const rows = allRows;
  if (columns !== null) narrow(widths, columns);
  const line = (cells: readonly string[], colours: readonly (StyleName | null)[]): string =>
    cells
      .map((text, i) => {
        const cut = fit(text, widths[i] ?? 0);
        const padding = i === cells.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - lengthOf(cut) + GAP);
        const colour = colours[i] ?? null;
        return (colour === null ? cut : style(colour, cut)) + padding;
      })
      .join('')
      .trimEnd();
  const headLine = line(
    head,
    head.map(() => 'head' as const),
  );
  const lines = texts.map((row, i) => line(row, rows[i]?.map(styleNameOf) ?? []));
  return [headLine, ...lines, ''].join('\n');
}

/** How many of the first columns fit, the widest ones cut; at least two. */
function columnsThatFit(widths: readonly number[], columns: number): number {
  let total = -GAP;
  const surplus = widths.findIndex((width) => (total += Math.min(width, WIDE) + GAP) > columns);
  return surplus === -1 ? widths.length : Math.max(2, surplus);
}

const WIDE = 24;

/** Takes from the widest columns until the table fits, or nothing is left to take. */
function narrow(widths: number[], columns: number): void {
  let surplus = widths.reduce((sum, width) => sum + width + GAP, -GAP) - columns;
  while (surplus > 0) {
    const widest = Math.max(...widths);
    if (widest <= LEAST) return;
    const next = Math.max(LEAST, ...widths.filter((width) => width < widest));
    const among = widths.filter((width) => width === widest).length;
    const take = Math.max(1, Math.min(widest - next, Math.ceil(surplus / among)));
    for (const [i, width] of widths.entries()) {
      if (width !== widest || surplus <= 0) continue;
      widths[i] = width - take;
      surplus -= take;
    }
  }
}

const GAP = 2;
const LEAST = 6;

/** A text that is cut says so. */
function fit(text: string, width: number): string {
  if (lengthOf(text) <= width) return text;
  return `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

function lengthOf(text: string | undefined): number {
  if (text === undefined) return 0;
  // Most texts are ASCII, whose length is their width.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : [...stripVTControlCharacters(text)].length;
}

function textOf(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : String(cell);
}

function styleNameOf(cell: Cell): StyleName | null {
  return typeof cell === 'object' ? cell.style : null;
}
