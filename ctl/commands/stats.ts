import { integer, oneOf, text as anyText } from '../../lib/core/option-kinds.ts';
import { inner, membersOf, number, text } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { called, optionalArgument, setting, usual } from '../inputs.ts';
import { msText, rateText, statHead, statRow, statsOf, VIEWS } from '../stat-table.ts';
import { timeText } from '../time-text.ts';

const name = called('NAME', anyText);

/** Tells rates and times. */
export const stats = defineCommand({
  name: 'stats',
  summary: 'Tell rates and times of domains, upstreams, servers, paths or clients',
  description:
    'Requests per second over the last 1, 5 and 15 minutes, the share of errors of the last minute, and times of the last 15 minutes, the busiest first. As JSON or YAML: everything that `GET /__erulb__/stats` tells.',
  positionals: {
    view: optionalArgument(
      called('WHAT', oneOf(VIEWS)),
      'what is told of: `domains`, `upstreams`, `servers`, `paths`, `clients`; unset: `domains`',
      VIEWS,
    ),
  },
  flags: {
    domain: setting(name, 'only of this domain', { completes: 'domain' }),
    upstream: setting(name, 'only of this upstream', { completes: 'upstream' }),
    limit: usual(integer(1, 10_000), '30', 'most rows'),
  },
  examples: [
    { line: 'elbctl stats', does: 'the busiest domains' },
    { line: 'elbctl stats servers --upstream web', does: 'the servers of an upstream' },
  ],
  async run({ screen, api }, { view: wanted }, query) {
    const { body } = await (await api()).call({ method: 'GET', resource: 'stats', query });
    const told = membersOf(body, 'statistics');
    const view = wanted ?? 'domains';
    screen.show(told, () => {
      const rows = statsOf(view, told).map((stat) => statRow(view, stat, undefined));
      return `${totalText(told)}\n\n${screen.table(statHead(view, false), rows)}`;
    });
    return EXIT.ok;
  },
});

/** All requests in one line. */
export function totalText(told: Members): string {
  const total = inner(told, 'total');
  const rates = ['m1', 'm5', 'm15'].map((key) => rateText(number(total, key) ?? 0)).join(', ');
  const times = (['p50', 'p95', 'p99'] as const).map((key) => `${key} ${msText(number(total, key))}`).join(', ');
  return `up ${timeText(number(told, 'uptime_s'))}, ${text(total, 'count')} requests, ${rates} a second in 1, 5, 15 minutes, ${times}`;
}
