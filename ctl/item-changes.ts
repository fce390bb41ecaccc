import { stringify } from 'yaml';
import { list, membersOf, own, text, textOf } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import { printable, printableDocument } from './printable.ts';
import type { Style, StyleName } from './style.ts';

/** What changes make of a configuration, for people: as a diff, each line with its sign first. */
export function changesText(changes: readonly Members[], style: Style): string {
  const lines = changes.flatMap((change) => itemLines(change));
  return lines.map(({ sign, line }) => `${coloured(style, sign, `${sign} ${line}`)}\n`).join('');
}

/** The changes of an answer. Throws Failure where it has none. */
export function changesOf(body: unknown): readonly Members[] {
  return list(membersOf(body, 'changes'), 'changes');
}

/** `2 added, 1 changed, 0 removed`. */
export function summaryOf(changes: readonly Members[]): string {
  const count = (kind: string): number => changes.filter((change) => text(change, 'change') === kind).length;
  return ['added', 'changed', 'removed'].map((kind) => `${String(count(kind))} ${kind}`).join(', ');
}

type Sign = '+' | '-' | '~' | ' ';

interface Line {
  readonly sign: Sign;
  readonly line: string;
}

function itemLines(change: Members): readonly Line[] {
  const kind = text(change, 'change');
  const sign: Sign = kind === 'added' ? '+' : kind === 'removed' ? '-' : '~';
  const title = { sign, line: `${printable(text(change, 'kind'))} ${printable(text(change, 'name'))}` };
  return [title, ...list(change, 'differences').flatMap(differenceLines)];
}

function differenceLines(difference: Members): readonly Line[] {
  const at = text(difference, 'at');
  const removed = Object.hasOwn(difference, 'before') ? valueLines('-', at, own(difference, 'before')) : [];
  const added = Object.hasOwn(difference, 'after') ? valueLines('+', at, own(difference, 'after')) : [];
  return [...removed, ...added];
}

/** In one line behind its place where that is short, else as a block below it. */
function valueLines(sign: Sign, at: string, value: unknown): readonly Line[] {
  const place = printable(placeOf(at));
  const isScalar = typeof value !== 'object' || value === null;
  if (isScalar && place !== '') return [{ sign, line: `    ${place}: ${printable(shown(value))}` }];
  const block = printableDocument(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }))
    .trimEnd()
    .split('\n');
  const indent = place === '' ? '    ' : '      ';
  const lines = block.map((line) => ({ sign, line: indent + line }));
  return place === '' ? lines : [{ sign, line: `    ${place}:` }, ...lines];
}

/** A JSON pointer (RFC 6901) as people read it: without its first slash, and with each step as it is. */
function placeOf(at: string): string {
  return at
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join(' > ');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : textOf(value);
}

const COLOURS: Readonly<Record<Sign, StyleName | null>> = { '+': 'good', '-': 'bad', '~': 'warn', ' ': null };

function coloured(style: Style, sign: Sign, line: string): string {
  const name = COLOURS[sign];
  return name === null ? line : style(name, line);
}
