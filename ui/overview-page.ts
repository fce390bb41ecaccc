import { get, Refused } from './ask.ts';
import { drawn, element, fill } from './element.ts';
import type { Child } from './element.ts';
import { ago, ms, percent, rate, short, span } from './format.ts';
import { membersOf } from './graph-model.ts';
import { again } from './live.ts';
import { notice } from './notice.ts';
import { button, figure, heading, link, panel, state, table } from './parts.ts';
import { refusalText, review } from './review.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { statsOf } from './stats.ts';
import type { Stats } from './stats.ts';

type Members = Readonly<Record<string, unknown>>;

/** How this instance is, what it says of its configuration, and who else follows the same store. */
export const overviewPage: Page = {
  path: '',
  title: 'Overview',
  show(root, _place, signal) {
    const figures = element('dl', { class: 'figures' });
    const trace = element('div', { class: 'trace' });
    const trouble = element('div', {});
    const rest = element('div', { class: 'columns' });
    const fleet = element('div', {});
    root.append(heading('Overview', null), figures, trace, trouble, rest, fleet);
    const points: number[] = [];
    let before: { readonly count: number; readonly uptime_s: number } | null = null;
    void again(2000, signal, async () => {
      const [told, stats] = await Promise.all([get('status', { limit: 50 }, signal), statsOf({ limit: 5 }, signal)]);
      const status = membersOf(told);
      fill(figures, figuresOf(status, stats));
      if (stats !== null) {
        const seconds = before === null ? 0 : stats.uptime_s - before.uptime_s;
        if (before !== null && seconds > 0) points.push(Math.max(0, stats.total.count - before.count) / seconds);
        before = { count: stats.total.count, uptime_s: stats.uptime_s };
        points.splice(0, points.length - MOST_POINTS);
        fill(trace, traceOf(points));
      }
      fill(trouble, overlaysOf(status), troublesOf(status));
      fill(rest, busiestOf(stats), workersOf(status));
    });
    void again(5000, signal, async () => {
      try {
        fill(fleet, fleetOf(membersOf(await get('fleet', {}, signal))['instances']));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        fill(fleet, panel('Fleet', element('p', { class: 'muted' }, error.message)));
      }
    });
    return Promise.resolve();
  },
};

function figuresOf(status: Members, stats: Stats | null): readonly Child[] {
  const instance = membersOf(status['instance']);
  const store = membersOf(status['store']);
  const isReady = instance['ready'] === true;
  const age = Number(instance['uptime_s'] ?? 0);
  const total = stats?.total;
  const connected = store['connected'] === true;
  return [
    figure(
      'Instance',
      state(isReady ? 'good' : 'bad', isReady ? 'ready' : String(instance['reason'])),
      `up ${span(age)}, ELB ${String(instance['version'])}`,
    ),
    total === undefined ? null : figure('Requests', rate(total.m1), `${short(total.count)} in all`),
    total === undefined ? null : figure('Errors', percent(total.m1ErrPercent), 'of the last minute'),
    total === undefined ? null : figure('p50 / p99', `${ms(total.p50)} / ${ms(total.p99)}`, 'of the last 15 minutes'),
    figure(
      'Store',
      state(connected ? 'good' : 'bad', connected ? String(store['source'] ?? 'connected') : 'away'),
      connected
        ? `revision ${String(store['applied'])}${Number(store['lag']) > 0 ? `, ${String(store['lag'])} behind` : ''}`
        : String(store['trouble']),
    ),
  ];
}

function overlaysOf(status: Members): HTMLElement | null {
  const overlays = rowsOf(status['overlays']);
  if (overlays.length === 0) return null;
  const count = Number(membersOf(status['cut'])['overlays'] ?? overlays.length);
  const names = overlays
    .slice(0, 6)
    .map((row) =>
      element('li', {}, keyLink(String(row['key'])), element('span', { class: 'muted' }, ` ${String(row['change'])}`)),
    );
  const write = button('Write to the store…', () => void writeAll(), 'primary');
  return panel(
    [state('warn', `${short(count)} not written`)],
    element(
      'p',
      { class: 'muted' },
      'Changed in the memory of this instance only: gone when it ends, and not seen by others.',
    ),
    element(
      'ul',
      { class: 'keys' },
      names,
      count > 6 ? element('li', { class: 'muted' }, `and ${String(count - 6)} more`) : null,
    ),
    element('div', { class: 'actions' }, write),
  );
}

async function writeAll(): Promise<void> {
  try {
    const made = await review({
      title: 'Write to the store',
      method: 'PUT',
      resource: 'dump',
      hasChoice: false,
      verb: 'Write',
    });
    if (made !== null) notice('The store is as memory is.');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(refusalText(error));
  }
}

function troublesOf(status: Members): HTMLElement | null {
  const rows = [
    ...rowsOf(status['rejected']).map((row) => ({
      kind: 'rejected',
      key: String(row['key']),
      why: String(row['reason']),
      since: row['since'],
    })),
    ...rowsOf(status['waiting']).map((row) => ({
      kind: 'waiting',
      key: String(row['key']),
      why: `for the upstreams ${String(row['upstreams'])}`,
      since: row['since'],
    })),
    ...rowsOf(status['dangling']).map((row) => ({
      kind: 'dangling',
      key: String(row['key']),
      why: `there is no upstream ${String(row['upstreams'])}: 502`,
      since: null,
    })),
  ];
  if (rows.length === 0) return null;
  return panel(
    'Documents in trouble',
    table(
      [
        { name: 'Key', cell: ({ key }) => keyLink(key) },
        { name: 'State', cell: ({ kind }) => state(kind === 'waiting' ? 'warn' : 'bad', kind) },
        { name: 'Why', cell: ({ why }) => why },
        { name: 'Since', cell: ({ since }) => (typeof since === 'string' ? ago(since) : '') },
      ],
      rows.slice(0, 50),
      '',
    ),
  );
}

function busiestOf(stats: Stats | null): HTMLElement | null {
  if (stats === null) return null;
  return panel(
    'Busiest domains',
    table(
      [
        { name: 'Domain', cell: ({ name }) => (name === '' ? 'unknown hosts' : link(to('domains', [name]), name)) },
        { name: 'Requests', numeric: true, cell: ({ m1 }) => rate(m1) },
        { name: 'Errors', numeric: true, cell: ({ m1ErrPercent }) => percent(m1ErrPercent) },
        { name: 'p99', numeric: true, cell: ({ p99 }) => ms(p99) },
      ],
      stats.domains.slice(0, 5),
      'No requests yet.',
    ),
  );
}

function workersOf(status: Members): HTMLElement {
  const rows = rowsOf(status['workers']);
  return panel(
    'Workers',
    table(
      [
        { name: 'Process', cell: (row) => String(row['pid']) },
        { name: 'State', cell: (row) => state(row['state'] === 'serving' ? 'good' : 'off', String(row['state'])) },
        { name: 'Revision', numeric: true, cell: (row) => String(row['revision']) },
        { name: 'Up', numeric: true, cell: (row) => span(Number(row['uptime_s'] ?? 0)) },
      ],
      rows,
      'There are none.',
    ),
  );
}

function fleetOf(instances: unknown): HTMLElement {
  return panel(
    'Fleet',
    table(
      [
        {
          name: 'Instance',
          cell: (row) => [
            String(row['id']),
            row['self'] === true ? element('span', { class: 'type-tag' }, 'this one') : null,
          ],
        },
        {
          name: 'State',
          cell: (row) =>
            row['ready'] !== true
              ? state('bad', String(row['reason'] ?? 'not ready'))
              : row['lags'] === true
                ? state('warn', 'lags')
                : state('good', 'ready'),
        },
        { name: 'Version', cell: (row) => String(row['version']) },
        { name: 'Revision', numeric: true, cell: (row) => String(row['revision']) },
        { name: 'Not written', numeric: true, cell: (row) => String(row['overlays']) },
        { name: 'Rejected', numeric: true, cell: (row) => String(row['rejected']) },
        { name: 'Up', numeric: true, cell: (row) => ago(String(row['started_at'])).replace(' ago', '') },
      ],
      rowsOf(instances),
      'No instance tells of itself.',
    ),
  );
}

/** Requests a second since the page was opened. */
function traceOf(points: readonly number[]): Child {
  if (points.length < 2) return null;
  const most = Math.max(...points, 1);
  const step = 1000 / (points.length - 1);
  const line = points.map((value, i) => `${(i * step).toFixed(1)} ${(58 - (value / most) * 52).toFixed(1)}`);
  const last = points.at(-1) ?? 0;
  return element(
    'figure',
    {},
    drawn(
      'svg',
      {
        viewBox: '0 0 1000 60',
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `Requests a second, now ${rate(last)}, at most ${rate(most)}`,
      },
      drawn('path', { class: 'area', d: `M${line.join('L')}L1000 60L0 60z` }),
      drawn('path', { class: 'line', d: `M${line.join('L')}` }),
    ),
    element('figcaption', {}, `${rate(last)} now, ${rate(most)} at most since this page is open`),
  );
}

const MOST_POINTS = 150;

/** A key of the store as a link to what it stands for. */
function keyLink(key: string): Child {
  const [directory = '', name = ''] = key.split(/\/(.*)/s);
  if (directory === 'rules') return link(to('domains', [name]), key);
  if (directory === 'graphs') return link(to('graphs', [name]), key);
  if (directory === 'certs') return link(to('certificates'), key);
  if (directory === 'upstreams' || directory === 'options')
    return link(to('upstreams', [name.split('/')[0] ?? '']), key);
  return key;
}

function rowsOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}
