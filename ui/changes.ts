import { element } from './element.ts';

/** What happens to one item, as the API tells it. */
export interface ItemChange {
  readonly kind: 'domain' | 'graph' | 'upstream' | 'options' | 'tls' | 'certificate';
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
        element('dl', {}, change.differences.flatMap(within).slice(0, MOST_SHOWN).map(differenceRow)),
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

/** The API tells lists as a whole; where they are equally long, only some of their items differ. */
function within(difference: Difference): readonly Difference[] {
  const { at, before, after } = difference;
  const isList = Array.isArray(before) && Array.isArray(after) && before.length === after.length;
  const isObject = isPlain(before) && isPlain(after);
  if (!isList && !isObject) return JSON.stringify(before) === JSON.stringify(after) ? [] : [difference];
  // Members of either, or the same indices of both.
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
    return within({
      at: `${at}/${step}`,
      ...(Object.hasOwn(a, key) && { before: a[key] }),
      ...(Object.hasOwn(b, key) && { after: b[key] }),
    });
  });
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
