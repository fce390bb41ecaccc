import { ask, get, Refused } from './ask.ts';
import { currentItem, EditPanel } from './edit-panel.ts';
import type { ItemKind } from './edit-panel.ts';
import { element, fill } from './element.ts';
import type { Child } from './element.ts';
import { ago, ms, percent, rate, short } from './format.ts';
import { membersOf } from './graph-model.ts';
import { again } from './live.ts';
import { notice } from './notice.ts';
import { button, figure, heading, link, panel, state, table } from './parts.ts';
import type { Column } from './parts.ts';
import { refusalText, review } from './review.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { statsOf } from './stats.ts';
import type { Stats } from './stats.ts';
import { undoable } from './undo.ts';

/** A server at work, as `GET server` tells it. */
interface Server {
  readonly name: string;
  readonly addr: string;
  readonly weight: number;
  readonly backup?: boolean;
  readonly priority?: number;
  readonly tags?: readonly string[];
  readonly state: string;
  readonly reason: string;
  readonly since: string | null;
  readonly until: string | null;
  readonly used: boolean;
  readonly in_flight: number;
  readonly fails: number;
  readonly latency_ms: number | null;
  readonly connections: { readonly open: number; readonly idle: number };
  readonly requests: number;
  readonly failures: number;
}

interface Upstream {
  readonly fail_open: boolean;
  readonly in_flight: number;
  readonly waiting: number;
  readonly retries: number;
  readonly breaker: { readonly state: string } | null;
  readonly servers: readonly Server[];
}

/** A server, with what was counted between two looks at it. */
interface Row extends Server {
  readonly perSecond: number;
  readonly p99: number | null;
}

/** One upstream: its servers at work, and its documents to be edited. */
export const upstreamPage: Page = {
  path: 'upstreams',
  title: 'Upstreams',
  async show(root, place, signal) {
    const name = place.rest[0] ?? '';
    const crumb = link(to('upstreams'), 'Upstreams');
    const wanted = place.query.get('edit');
    const item = await currentItem('upstream', name);
    const actions = element('div', { class: 'actions' });
    const side = element('div', { class: 'edit-place' });
    const live = element('div', {});
    const search = element('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search servers',
      'aria-label': 'Search servers',
    });
    const bar = element('div', { class: 'bar', hidden: true }, search);
    const list = element('div', {});
    root.append(heading(name, crumb, actions), side, live, bar, list);
    if (item === null && wanted === null) {
      fill(live, element('p', { class: 'muted' }, 'There is no such upstream; a graph may name it all the same.'));
      return;
    }
    const show = (): void => {
      fill(
        actions,
        button('Delete…', () => void remove(name), 'danger'),
        button('Options', () => void edit('options')),
        button('Edit servers', () => void edit('upstream'), 'primary'),
      );
      fill(side);
    };
    const edit = async (kind: ItemKind): Promise<void> => {
      fill(actions);
      const document = (await currentItem(kind, name))?.document;
      const first = kind === 'upstream' ? { '127.0.0.1:8081': '' } : {};
      const edited = new EditPanel({
        kind,
        name,
        document,
        draft: document ?? first,
        signal,
        onEnd: (isChanged) => {
          if (item === null && !isChanged) location.hash = to('upstreams');
          else if (item === null) location.hash = to('upstreams', [name]);
          else show();
        },
      });
      const hint =
        kind === 'upstream'
          ? 'Servers and their parameters: weight=2 max_fails=3 fail_timeout=10s backup down drain max_conns=100'
          : 'What is left out is at its default: balance, health, retry, timeouts, concurrency, tls, …';
      fill(
        side,
        panel(kind === 'upstream' ? 'Servers' : 'Options', element('p', { class: 'muted' }, hint), edited.root),
      );
      edited.editor.focus();
    };
    if (wanted === null) show();
    else await edit(wanted === 'options' ? 'options' : 'upstream');

    let before: ReadonlyMap<string, number> = new Map();
    let seenAt = 0;
    const refresh = async (): Promise<void> => {
      const [told, stats] = await Promise.all([atWork(name, signal), statsOf({ upstream: name, limit: 1000 }, signal)]);
      if (told === null) return;
      const now = performance.now();
      const rows = rowsOf(told.servers, before, (now - seenAt) / 1000, stats);
      before = new Map(told.servers.map((server) => [keyOf(server), server.requests]));
      seenAt = now;
      const focused = document.activeElement?.getAttribute('data-drain');
      fill(live, figuresOf(told, stats, name));
      const found = inOrder(rows.filter((row) => keyOf(row).includes(search.value.trim())));
      const left = found.length - MOST_SHOWN;
      bar.hidden = rows.length <= MOST_SHOWN;
      fill(
        list,
        table(
          columnsOf((row) => void toggleDrain(name, row)),
          found.slice(0, MOST_SHOWN),
          rows.length === 0 ? 'It has no servers: 502.' : 'No server has this in its name.',
        ),
        left > 0
          ? element('p', { class: 'muted' }, `and ${left.toLocaleString('en')} more, found by their names`)
          : null,
      );
      if (focused) list.querySelector<HTMLElement>(`[data-drain="${CSS.escape(focused)}"]`)?.focus();
    };
    addEventListener('elb-changed', () => void refresh(), { signal });
    search.addEventListener('input', () => void refresh());
    void again(2000, signal, refresh);
  },
};

/** The upstream at work; null: no worker knows it. */
async function atWork(name: string, signal: AbortSignal): Promise<Upstream | null> {
  try {
    const told = membersOf(await get('server', { upstream: name }, signal));
    return (told[name] as Upstream | undefined) ?? null; // the shape of this call's answer
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

function rowsOf(
  servers: readonly Server[],
  before: ReadonlyMap<string, number>,
  seconds: number,
  stats: Stats | null,
): readonly Row[] {
  const times = new Map(stats?.servers.map((one) => [one.name.split(' ')[0] ?? '', one.p99]));
  return servers.map((server) => {
    const was = before.get(keyOf(server));
    const perSecond = was === undefined ? 0 : Math.max(0, server.requests - was) / seconds;
    return { ...server, perSecond, p99: times.get(server.name) ?? null };
  });
}

/** An upstream may have thousands of servers; a page that is drawn anew every two seconds has not. */
const MOST_SHOWN = 200;

/** Those that are not used first: they are why somebody looks. */
function inOrder(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => Number(a.used && a.state === 'up') - Number(b.used && b.state === 'up'));
}

function keyOf({ name, addr }: Server): string {
  return `${name} ${addr}`;
}

function figuresOf(upstream: Upstream, stats: Stats | null, name: string): HTMLElement {
  const { servers, in_flight, waiting, retries, breaker, fail_open } = upstream;
  const used = servers.filter((server) => server.used).length;
  const stat = stats?.upstreams.find((one) => one.name === name);
  return element(
    'dl',
    { class: 'figures' },
    figure(
      'Servers in use',
      `${String(used)} of ${String(servers.length)}`,
      fail_open ? 'health does not count: too few are well' : null,
    ),
    stat === undefined ? null : figure('Requests', rate(stat.m1), `${percent(stat.m1ErrPercent)} errors`),
    stat === undefined ? null : figure('p50 / p99', `${ms(stat.p50)} / ${ms(stat.p99)}`),
    figure('In flight', short(in_flight), waiting > 0 ? `${short(waiting)} wait` : null),
    figure('Retries', short(retries)),
    breaker === null ? null : figure('Breaker', state(breaker.state === 'closed' ? 'good' : 'bad', breaker.state)),
  );
}

function columnsOf(toggle: (row: Row) => void): readonly Column<Row>[] {
  return [
    { name: 'Server', cell: ({ name, addr }) => [name, addr === name ? null : element('small', {}, ` ${addr}`)] },
    { name: 'State', cell: stateOf },
    {
      name: 'Weight',
      numeric: true,
      cell: ({ weight, backup, priority }) => [
        String(weight),
        backup === true ? ' backup' : null,
        priority === undefined ? null : ` / ${String(priority)}`,
      ],
    },
    { name: 'Requests', numeric: true, cell: ({ perSecond }) => rate(perSecond) },
    { name: 'Latency', numeric: true, cell: ({ latency_ms }) => ms(latency_ms) },
    { name: 'p99', numeric: true, cell: ({ p99 }) => ms(p99) },
    { name: 'In flight', numeric: true, cell: ({ in_flight }) => in_flight },
    {
      name: 'Connections',
      numeric: true,
      cell: ({ connections }) => [String(connections.open), element('small', {}, ` ${String(connections.idle)} idle`)],
    },
    {
      name: 'Failures',
      numeric: true,
      cell: ({ failures, requests }) => [short(failures), element('small', {}, ` of ${short(requests)}`)],
    },
    {
      name: '',
      cell: (row) => {
        const isDraining = row.state === 'draining';
        return element(
          'button',
          {
            type: 'button',
            class: 'quiet',
            'data-drain': row.name,
            'aria-label': `${isDraining ? 'Resume' : 'Drain'} ${row.name}`,
            onclick: () => toggle(row),
          },
          isDraining ? 'Resume…' : 'Drain…',
        );
      },
    },
  ];
}

function stateOf({ state: name, reason, since, until, used }: Row): Child {
  const kind = name === 'up' ? (used ? 'good' : 'warn') : name === 'draining' || name === 'slow-start' ? 'warn' : 'bad';
  const more = [
    reason,
    since === null ? '' : `since ${ago(since)}`,
    until === null ? '' : `until ${new Date(until).toLocaleTimeString()}`,
  ];
  const said = more.filter((text) => text !== '').join(', ');
  return [state(kind, name), said === '' ? null : element('small', {}, ` ${said}`)];
}

/** Has a server take nothing new, or take part again: one word in its parameters. */
async function toggleDrain(upstream: string, { name }: Row): Promise<void> {
  try {
    const found = await currentItem('upstream', upstream);
    const servers = membersOf(found?.document);
    const words = String(servers[name] ?? '')
      .split(/\s+/)
      .filter((word) => word !== '');
    const isDraining = words.includes('drain');
    const next = isDraining ? words.filter((word) => word !== 'drain') : [...words, 'drain'];
    const made = await review({
      title: `${isDraining ? 'Resume' : 'Drain'} ${name}`,
      method: 'PUT',
      resource: 'upstream',
      body: JSON.stringify({ [upstream]: { ...servers, [name]: next.join(' ') } }),
      ifMatch: found?.reply.tag ?? null,
      hasChoice: true,
      verb: isDraining ? 'Resume' : 'Drain',
    });
    if (made === null) return;
    undoable(`${name} ${isDraining ? 'takes part again' : 'drains'}.`, made, {
      kind: 'upstream',
      name: upstream,
      document: servers,
    });
    dispatchEvent(new Event('elb-changed'));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(refusalText(error));
  }
}

async function remove(name: string): Promise<void> {
  try {
    const { reply } = { reply: await ask('GET', 'item', { query: { kind: 'upstream', name } }) };
    const document = membersOf(reply.body)['document'];
    const made = await review({
      title: `Delete ${name}`,
      method: 'DELETE',
      resource: 'upstream',
      body: JSON.stringify([name]),
      hasChoice: true,
      verb: 'Delete',
    });
    if (made === null) return;
    undoable(`${name} is deleted.`, made, { kind: 'upstream', name, document });
    location.hash = to('upstreams');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(refusalText(error));
  }
}
