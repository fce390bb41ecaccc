import { get, Refused } from './ask.ts';
import { element, fill } from './element.ts';
import type { Child } from './element.ts';
import { percent, ms, rate, short } from './format.ts';
import { membersOf } from './graph-model.ts';
import { again, rest } from './live.ts';
import { heading, button, link, state, table } from './parts.ts';
import type { Column } from './parts.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { statsOf } from './stats.ts';
import type { Stat } from './stats.ts';

interface Row {
  readonly name: string;
  readonly stat: Stat | null;
  readonly states: readonly Child[];
}

/** What a list of one kind of items says of each beside its name and its traffic. */
interface Kind {
  readonly path: string;
  readonly kind: 'domain' | 'graph' | 'upstream';
  readonly title: string;
  readonly none: string;
  /** Directory of its keys in the store. */
  readonly directory: string;
  readonly addLabel: string;
  /** What the status says of an item. */
  readonly states: (name: string, status: Readonly<Record<string, unknown>>) => readonly Child[];
}

const PAGE = 100;

/** A list of names that are searched and paged where they are kept, so that it does not matter how many there are. */
function namesPage(kind: Kind): Page {
  return {
    path: kind.path,
    title: kind.title,
    async show(root, place, signal) {
      let limit = PAGE;
      const search = element('input', {
        type: 'search',
        id: 'search',
        placeholder: 'Search names',
        'aria-label': `Search ${kind.title.toLowerCase()}`,
        autocomplete: 'off',
        spellcheck: 'false',
        value: place.query.get('search') ?? '',
      });
      const count = element('p', { class: 'muted', role: 'status' });
      const list = element('div', {});
      const add = button(kind.addLabel, () => void askName(kind), 'primary');
      root.append(heading(kind.title, null, add), element('div', { class: 'bar' }, search, count), list);
      let typing = new AbortController();
      const load = async (): Promise<void> => {
        const query = { kind: kind.kind, search: search.value.trim() || null, limit };
        const [told, status, stats] = await Promise.all([
          get('names', query, signal),
          get('status', { limit: 1000 }, signal),
          kind.kind === 'graph' ? null : statsOf({ limit: 1000 }, signal),
        ]);
        const { names, found, total } = told as { names: string[]; found: number; total: number }; // the shape of this answer
        const busy = new Map(
          (kind.kind === 'domain' ? stats?.domains : stats?.upstreams)?.map((one) => [one.name, one]),
        );
        const rows = names.map((name): Row => ({
          name,
          stat: busy.get(name) ?? null,
          states: kind.states(name, membersOf(status)),
        }));
        const isAll = found === total;
        count.textContent = isAll
          ? `${total.toLocaleString('en')} in all`
          : `${found.toLocaleString('en')} of ${total.toLocaleString('en')}`;
        const more = button(`Show ${String(Math.min(PAGE, found - names.length))} more`, () => {
          limit += PAGE;
          void load();
        });
        const none = total === 0 ? kind.none : 'No name has this in it.';
        const focused = document.activeElement?.getAttribute('href');
        fill(list, table(columnsOf(kind, stats !== null), rows, none), found > names.length ? more : null);
        if (focused?.startsWith('#/')) list.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
      };
      search.addEventListener('input', () => {
        typing.abort();
        typing = new AbortController();
        limit = PAGE;
        const current = typing.signal;
        void rest(150, current).then(() => (current.aborted || signal.aborted ? undefined : load()));
      });
      search.addEventListener('keydown', (event) => {
        if (event.key === 'ArrowDown' || event.key === 'Enter') list.querySelector<HTMLElement>('tbody a')?.focus();
      });
      void again(5000, signal, load);
    },
  };
}

function columnsOf({ path }: Kind, hasStats: boolean): readonly Column<Row>[] {
  const figures: readonly Column<Row>[] = [
    { name: 'Requests', numeric: true, cell: ({ stat }) => (stat === null ? '–' : rate(stat.m1)) },
    { name: 'Errors', numeric: true, cell: ({ stat }) => (stat === null ? '–' : errorsOf(stat)) },
    { name: 'p50', numeric: true, cell: ({ stat }) => ms(stat?.p50) },
    { name: 'p99', numeric: true, cell: ({ stat }) => ms(stat?.p99) },
    { name: 'Total', numeric: true, cell: ({ stat }) => (stat === null ? '–' : short(stat.count)) },
  ];
  return [
    { name: 'Name', cell: ({ name }) => link(to(path, [name]), name) },
    { name: 'State', cell: ({ states }) => element('span', { class: 'states' }, states) },
    ...(hasStats ? figures : []),
  ];
}

function errorsOf({ m1ErrPercent }: Stat): Child {
  const text = percent(m1ErrPercent);
  return (m1ErrPercent ?? 0) > 0.01 ? element('span', { class: 'bad-text' }, text) : text;
}

async function askName({ kind, path, addLabel }: Kind): Promise<void> {
  const name = element('input', { id: 'new-name', required: true, autocomplete: 'off', spellcheck: 'false' });
  const trouble = element('p', { class: 'wrong', role: 'alert' });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = name.value.trim();
    if (given === '') return;
    try {
      await get('item', { kind, name: given });
      trouble.textContent = `${given} is there already.`;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      dialog.close();
      dialog.remove();
      location.hash = to(path, [given], { edit: kind });
    }
  };
  const dialog = element(
    'dialog',
    { class: 'narrow', 'aria-labelledby': 'new-title', onclose: () => dialog.remove() },
    element(
      'form',
      { onsubmit: submit },
      element('h2', { id: 'new-title' }, addLabel),
      element('label', { for: 'new-name' }, kind === 'domain' ? 'Name: a.test, *.a.test, or *' : 'Name'),
      name,
      trouble,
      element(
        'div',
        { class: 'actions' },
        button('Cancel', () => dialog.close()),
        element('button', { class: 'primary' }, 'Continue'),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

/** What the status says of a key of the store. */
export function keyStates(key: string, status: Readonly<Record<string, unknown>>): readonly Child[] {
  const has = (section: string): boolean => {
    const rows = status[section];
    return (
      Array.isArray(rows) &&
      rows.some((row) => membersOf(row)['key'] === key || String(membersOf(row)['key']).startsWith(`${key}/`))
    );
  };
  return [
    has('rejected') ? state('bad', 'rejected', 'What the store holds cannot be used') : null,
    has('waiting')
      ? state(
          'warn',
          'waiting',
          'It names an upstream or a shared graph that does not exist; its former version is in force',
        )
      : null,
    has('dangling')
      ? state('bad', 'dangling', 'It names an upstream that does not exist: 502; or a shared graph: 500')
      : null,
    has('overlays') ? state('warn', 'not written', 'Changed here, and not in the store') : null,
  ];
}

/** How many servers of an upstream are used. */
function serversState(name: string, status: Readonly<Record<string, unknown>>): readonly Child[] {
  const summary = membersOf(membersOf(membersOf(status['servers'])['upstreams'])[name]);
  const { servers, down, ejected, unchecked } = summary;
  if (typeof servers !== 'number') return [];
  const out = [down, ejected, unchecked].reduce((sum: number, count) => sum + Number(count ?? 0), 0);
  const text = out === 0 ? `${String(servers)} up` : `${String(servers - out)} of ${String(servers)} up`;
  return [state(out === 0 ? 'good' : out < servers ? 'warn' : 'bad', text)];
}

export const domainsPage = namesPage({
  path: 'domains',
  kind: 'domain',
  title: 'Domains',
  none: 'There is no domain yet: every request is answered 404.',
  directory: 'rules',
  addLabel: 'Add a domain',
  states: (name, status) => keyStates(`rules/${name}`, status),
});

export const sharedGraphsPage = namesPage({
  path: 'graphs',
  kind: 'graph',
  title: 'Shared graphs',
  none: 'There is none yet: a graph that several domains go through is written once here, and included by theirs.',
  directory: 'graphs',
  addLabel: 'Add a shared graph',
  states: (name, status) => keyStates(`graphs/${name}`, status),
});

export const upstreamsPage = namesPage({
  path: 'upstreams',
  kind: 'upstream',
  title: 'Upstreams',
  none: 'There is no upstream yet.',
  directory: 'upstreams',
  addLabel: 'Add an upstream',
  states: (name, status) => [...serversState(name, status), ...keyStates(`upstreams/${name}`, status)],
});
