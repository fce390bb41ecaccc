import { inner, list, number, text } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import type { Cell } from './text-table.ts';

/** What rates and times are told of. */
export const VIEWS = ['domains', 'upstreams', 'servers', 'paths', 'clients'] as const;
export type View = (typeof VIEWS)[number];

/** What rows are sorted by, the most first. */
export const ORDERS = ['rate', 'errors', 'time'] as const;
export type Order = (typeof ORDERS)[number];

/** The most telling ones first: where a terminal is narrow, the last ones are left out. */
const COLUMNS = ['1M/S', 'ERRORS', 'P50', 'P99', 'REQUESTS', 'MEAN', 'P95', 'P99.9', '5M/S', '15M/S'];

/** Columns of rates and times; `now`: whether there is a rate of this very moment. */
export function statHead(view: View, now: boolean): readonly string[] {
  const names: Readonly<Record<View, readonly string[]>> = {
    domains: ['DOMAIN'],
    upstreams: ['UPSTREAM'],
    servers: ['UPSTREAM', 'SERVER'],
    paths: ['PATH'],
    clients: ['CLIENT'],
  };
  if (view === 'clients') return ['CLIENT', ...(now ? ['NOW/S'] : []), 'REQUESTS', 'SHARE'];
  return [...names[view], ...(now ? ['NOW/S'] : []), ...COLUMNS];
}

export function statRow(view: View, stat: Members, now: number | null | undefined): readonly Cell[] {
  const current = now === undefined ? [] : [now === null ? '' : rateText(now)];
  const count = text(stat, 'count');
  if (view === 'clients') return [keyOf(view, stat), ...current, count, percentText(number(stat, 'share') ?? 0)];
  const errors = number(stat, 'm1ErrPercent') ?? 0;
  const name = view === 'servers' ? [text(stat, 'upstream'), serverName(stat)] : [keyOf(view, stat)];
  return [
    ...name,
    ...current,
    rateText(number(stat, 'm1') ?? 0),
    errors === 0 ? '0%' : { text: percentText(errors), style: errors >= 0.01 ? 'bad' : 'warn' },
    ...['p50', 'p99'].map((key) => msText(number(stat, key))),
    count,
    ...['mean', 'p95', 'p999'].map((key) => msText(number(stat, key))),
    ...['m5', 'm15'].map((key) => rateText(number(stat, key) ?? 0)),
  ];
}

/** The rows of a view in an answer of `stats`. */
export function statsOf(view: View, body: Members): readonly Members[] {
  return view === 'paths' || view === 'clients' ? list(inner(body, 'top'), view) : list(body, view);
}

/** What tells a row of a view from the others. */
export function keyOf(view: View, stat: Members): string {
  if (view === 'servers') return `${text(stat, 'upstream')} ${serverName(stat)}`;
  return text(stat, view === 'paths' ? 'path' : view === 'clients' ? 'client' : 'name');
}

/** Behind the name of a server its address may stand. */
function serverName(stat: Members): string {
  return text(stat, 'name').split(' ')[0] ?? '';
}

export function orderOf(order: Order, stat: Members, now: number | null | undefined): number {
  switch (order) {
    case 'rate':
      return (now ?? number(stat, 'm1') ?? 0) * 1e9 + (number(stat, 'count') ?? 0);
    case 'errors':
      return (number(stat, 'm1ErrPercent') ?? 0) * 1e9 + (number(stat, 'errCount') ?? 0);
    case 'time':
      return number(stat, 'p99') ?? 0;
  }
}

export function rateText(rate: number): string {
  return rate === 0 ? '0' : rate >= 100 ? rate.toFixed(0) : rate.toFixed(rate >= 1 ? 1 : 2);
}

export function msText(ms: number | null): string {
  if (ms === null) return '';
  return ms >= 1000 ? `${(ms / 1000).toFixed(ms >= 10_000 ? 0 : 1)}s` : `${ms.toFixed(ms >= 10 ? 0 : 1)}ms`;
}

function percentText(share: number): string {
  const percent = share * 100;
  return percent === 0 ? '0%' : `${percent.toFixed(percent >= 10 ? 0 : 1)}%`;
}
