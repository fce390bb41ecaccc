import { inner, list, membersOf, number, own, text, textOf } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import type { Screen } from '../screen.ts';
import type { Cell } from '../text-table.ts';
import { timeText } from '../time-text.ts';

/** Tells what an instance knows of itself. */
export const status = defineCommand({
  name: 'status',
  summary: 'Tell how an instance is',
  description: `Its version and readiness, what it serves of its store, what it refuses and why, which graphs wait for upstreams or name such as are not there, what is
changed in its memory only, its workers and servers. Exit code 1: it is not ready, or its store cannot be followed.`,
  positionals: {},
  flags: {},
  examples: [
    { line: 'elbctl status', does: 'how the instance on this machine is' },
    { line: 'elbctl status -o json | jq .rejected', does: 'what it refuses' },
  ],
  async run({ screen, api }) {
    const { body } = await (await api()).call({ method: 'GET', resource: 'status' });
    const all = membersOf(body, 'status');
    screen.show(all, () => statusText(all, screen));
    const isWell = own(inner(all, 'instance'), 'ready') === true && own(inner(all, 'store'), 'connected') === true;
    return isWell ? EXIT.ok : EXIT.no;
  },
});

function statusText(all: Members, screen: Screen): string {
  const parts = [
    lines(screen, [...instanceRows(all), ...storeRows(inner(all, 'store')), ...serverRows(inner(all, 'servers'))]),
    section(screen, 'REFUSED', ['KEY', 'WHY', 'FOR', 'IN FORCE'], list(all, 'rejected'), (one) => [
      text(one, 'key'),
      { text: text(one, 'reason'), style: 'bad' },
      timeText(number(one, 'age_s')),
      own(one, 'last_good') === true ? 'its last good version' : 'nothing',
    ]),
    section(screen, 'WAITING', ['KEY', 'FOR UPSTREAMS', 'SINCE'], list(all, 'waiting'), (one) => [
      text(one, 'key'),
      namesIn(one, 'upstreams'),
      timeText(number(one, 'age_s')),
    ]),
    section(screen, 'ANSWERED 502', ['KEY', 'NAMES UPSTREAMS THAT ARE NOT THERE'], list(all, 'dangling'), (one) => [
      text(one, 'key'),
      { text: namesIn(one, 'upstreams'), style: 'warn' },
    ]),
    section(screen, 'IN MEMORY ONLY', ['KEY', 'CHANGE'], list(all, 'overlays'), (one) => [
      text(one, 'key'),
      text(one, 'change'),
    ]),
    section(screen, 'NOT LISTENING', ['ADDRESS', 'WHY'], failedListeners(all), (one) => [
      text(one, 'address'),
      { text: text(one, 'reason'), style: 'bad' },
    ]),
    section(screen, 'WORKERS', ['PID', 'STATE', 'REVISION', 'UP'], list(all, 'workers'), (one) => [
      text(one, 'pid'),
      text(one, 'state'),
      text(one, 'revision'),
      timeText(number(one, 'uptime_s')),
    ]),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** Addresses that are to be listened at, and are not. */
function failedListeners(all: Members): readonly Members[] {
  return list(all, 'listeners').filter((one) => own(one, 'state') === 'failed');
}

type Row = readonly [what: string, value: Cell];

function instanceRows(all: Members): readonly Row[] {
  const instance = inner(all, 'instance');
  const isReady = own(instance, 'ready') === true;
  const program = [text(instance, 'version'), text(instance, 'node') === '' ? '' : `node ${text(instance, 'node')}`];
  const lifecycle = inner(all, 'lifecycle');
  const ends = number(inner(lifecycle, 'worker_ends'), 'count') ?? 0;
  const crashes = number(inner(lifecycle, 'primary_ends'), 'count') ?? 0;
  return [
    ['instance', `${text(instance, 'name')}, elb ${program.filter((part) => part !== '').join(', ')}`],
    ['ready', isReady ? { text: 'yes', style: 'good' } : { text: `no: ${text(instance, 'reason')}`, style: 'bad' }],
    ['up', timeText(number(instance, 'uptime_s'))],
    ['crashes', crashes + ends === 0 ? '' : `${String(crashes)} of the primary, ${String(ends)} of workers`],
  ];
}

function storeRows(store: Members): readonly Row[] {
  const isConnected = own(store, 'connected') === true;
  const lag = number(store, 'lag') ?? 0;
  const trouble = text(store, 'trouble');
  return [
    ['store', text(store, 'store')],
    ['connected', isConnected ? { text: 'yes', style: 'good' } : { text: `no: ${trouble}`, style: 'bad' }],
    ['trouble', isConnected && trouble !== '' ? { text: trouble, style: 'bad' } : ''],
    ['serves', `revision ${text(store, 'applied')}${lag === 0 ? '' : `, ${String(lag)} behind`}`],
    ['heard', `${timeText(number(store, 'age_s'))} ago`],
  ];
}

function serverRows(servers: Members): readonly Row[] {
  const upstreams = inner(servers, 'upstreams');
  const sum = (name: string): number =>
    Object.keys(upstreams).reduce((total, upstream) => total + (number(inner(upstreams, upstream), name) ?? 0), 0);
  const out = ['down', 'ejected', 'unchecked']
    .map((name) => [name, sum(name)] as const)
    .filter(([, count]) => count > 0);
  const breakers = list(servers, 'open_breakers').map((one) => text(one, 'upstream'));
  const told = out.map(([name, count]) => `, ${String(count)} ${name}`).join('');
  return [
    [
      'servers',
      own(servers, 'upstreams') === undefined
        ? ''
        : { text: `${String(sum('servers'))}${told}`, style: told === '' ? 'good' : 'warn' },
    ],
    ['breakers open', breakers.length === 0 ? '' : { text: breakers.join(', '), style: 'bad' }],
  ];
}

/** `name  value`, without those that say nothing. */
function lines(screen: Screen, rows: readonly Row[]): string {
  const shown = rows.filter(([, value]) => (typeof value === 'object' ? value.text : value) !== '');
  const width = Math.max(...shown.map(([what]) => what.length));
  return shown
    .map(([what, value]) => {
      const content =
        typeof value === 'object' ? screen.style(value.style, printable(value.text)) : printable(String(value));
      return `${what.padEnd(width)}  ${content}\n`;
    })
    .join('');
}

function section(
  screen: Screen,
  title: string,
  head: readonly string[],
  items: readonly Members[],
  row: (item: Members) => readonly Cell[],
): string {
  if (items.length === 0) return '';
  const shown = items.slice(0, MAX_ITEMS);
  const more = items.length > shown.length ? `and ${String(items.length - shown.length)} more\n` : '';
  return `${screen.style('head', `${title} (${String(items.length)})`)}\n${screen.table(head, shown.map(row))}${more}`;
}

/** Of a section, for people; all of them are in JSON. */
const MAX_ITEMS = 50;

function namesIn(item: Members, name: string): string {
  const names = own(item, name);
  return Array.isArray(names) ? names.map(textOf).join(' ') : '';
}
