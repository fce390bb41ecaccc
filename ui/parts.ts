import { element } from './element.ts';
import type { Child } from './element.ts';

/** The head of a page: where it is, its name, and what can be done there. */
export function heading(title: string, crumb: Child, ...actions: readonly Child[]): HTMLElement {
  return element(
    'div',
    { class: 'heading' },
    element('div', {}, crumb === null ? null : element('p', { class: 'crumb' }, crumb), element('h1', {}, title)),
    element('div', { class: 'actions' }, actions),
  );
}

export function panel(title: Child, ...children: readonly Child[]): HTMLElement {
  return element('section', { class: 'panel' }, title === null ? null : element('h2', {}, title), children);
}

export interface Column<Row> {
  readonly name: string;
  /** Numbers stand to the right. */
  readonly numeric?: true;
  readonly cell: (row: Row) => Child;
}

/** A table, or what is said where it would be empty. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], none: string): HTMLElement {
  if (rows.length === 0) return element('p', { class: 'muted none' }, none);
  const head = columns.map(({ name, numeric }) => element('th', { scope: 'col', class: numeric && 'number' }, name));
  const lines = rows.map((row) =>
    element(
      'tr',
      {},
      columns.map(({ cell, numeric }) => element('td', { class: numeric && 'number' }, cell(row))),
    ),
  );
  return element(
    'div',
    { class: 'table' },
    element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, lines)),
  );
}

/** How something is, as a dot in a colour and a word: nobody has to see the colour. */
export function state(kind: 'good' | 'warn' | 'bad' | 'off', text: Child, title?: string): HTMLElement {
  return element('span', { class: `state ${kind}`, title }, text);
}

/** A figure with its name. */
export function figure(name: string, value: Child, more: Child = null): HTMLElement {
  return element(
    'div',
    { class: 'figure' },
    element('dt', {}, name),
    element('dd', {}, value, more === null ? null : element('small', {}, more)),
  );
}

export function link(address: string, ...children: readonly Child[]): HTMLElement {
  return element('a', { href: address }, children);
}

export function button(label: string, onclick: () => void, kind = ''): HTMLButtonElement {
  return element('button', { type: 'button', class: kind === '' ? null : kind, onclick }, label);
}
