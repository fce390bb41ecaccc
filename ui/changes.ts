import { element } from './element.ts';

/** What happens to one item, as the API tells it. */
export interface ItemChange {
  readonly kind: 'domain' | 'upstream' | 'options';
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly differences: readonly Difference[];
}

/** One place where two values differ. */
export interface Difference {
  /** JSON pointer. */
  readonly at: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

const MOST_SHOWN = 200;

/** Changes as people read them: each item, and in it what was there and what will be. */
export function changesView(changes: readonly ItemChange[]): HTMLElement {
  if (changes.length === 0) return element('p', { class: 'muted' }, 'Nothing would change.');
  const shown = changes
    .slice(0, MOST_SHOWN)
    .map((change) =>
      element(
        'section',
        { class: `change ${change.change}` },
        element(
          'h3',
          {},
          element('span', { class: 'badge' }, change.change),
          ` ${change.kind === 'options' ? 'options of' : change.kind} `,
          element('strong', {}, change.name),
        ),
        element('dl', {}, change.differences.slice(0, MOST_SHOWN).map(differenceRow)),
      ),
    );
  const left = changes.length - shown.length;
  return element(
    'div',
    { class: 'changes' },
    shown,
    left > 0 ? element('p', { class: 'muted' }, `and ${String(left)} more`) : null,
  );
}

function differenceRow({ at, before, after }: Difference): readonly HTMLElement[] {
  const place = at === '' ? 'all of it' : at.slice(1).split('/').map(unescaped).join(' › ');
  return [
    element('dt', {}, place),
    element(
      'dd',
      {},
      before === undefined ? null : element('del', {}, element('span', { class: 'sign' }, '−'), textOf(before)),
      after === undefined ? null : element('ins', {}, element('span', { class: 'sign' }, '+'), textOf(after)),
    ),
  ];
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function textOf(value: unknown): HTMLElement {
  const short = JSON.stringify(value);
  const text = value === '' ? '""' : short.length > 72 ? JSON.stringify(value, null, 2) : short;
  return element('code', {}, text);
}
