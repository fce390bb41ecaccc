import { integer, text as anyText } from '../../lib/core/option-kinds.ts';
import { list, membersOf, number, text } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { called, setting, toggle, usual } from '../inputs.ts';
import type { Cell } from '../text-table.ts';

const name = called('NAME', anyText);

/** Lists the last requests. */
export const requests = defineCommand({
  name: 'requests',
  summary: 'List the last requests',
  description:
    'The newest first, from all workers of the instance, as far as they are kept; those that ended badly are kept longer.',
  positionals: {},
  flags: {
    domain: setting(name, 'of this domain', { completes: 'domain' }),
    upstream: setting(name, 'that went to this upstream', { completes: 'upstream' }),
    server: setting(called('SERVER', anyText), 'that went to this server', { completes: 'server' }),
    status: setting(called('STATUS', anyText), 'with this status: `404`, `4xx`, `400-499`'),
    path: setting(called('PATH', anyText), 'whose path begins with this'),
    client: setting(called('ADDRESS', anyText), 'of this client'),
    node: setting(name, 'that came to this node'),
    id: setting(called('ID', anyText), 'with this id'),
    'min-ms': setting(integer(0, 86_400_000), 'that took at least so many milliseconds'),
    errors: toggle('that ended badly'),
    limit: usual(integer(1, 10_000), '30', 'most requests that are listed'),
  },
  examples: [
    { line: 'elbctl requests --status 5xx', does: 'what went wrong lately' },
    { line: 'elbctl requests --domain shop.example.com --min-ms 500', does: 'what was slow' },
  ],
  async run({ screen, api }, _, { 'min-ms': leastMs, ...flags }) {
    const query = { ...flags, min_ms: leastMs };
    const { body } = await (await api()).call({ method: 'GET', resource: 'requests', query });
    const found = list(membersOf(body, 'requests'), 'requests');
    screen.show(body, () =>
      screen.table(
        ['AT', 'STATUS', 'MS', 'METHOD', 'ADDRESS', 'CLIENT', 'NODES', 'SERVERS', 'ENDING'],
        found.map(requestRow),
      ),
    );
    return EXIT.ok;
  },
});

/** One request as a row. */
export function requestRow(request: Members): readonly Cell[] {
  const status = number(request, 'status') ?? 0;
  const tries = list(request, 'tries');
  return [
    text(request, 'at').replace(/^[^T]*T|Z$/g, ''),
    { text: text(request, 'status'), style: status >= 500 || status === 0 ? 'bad' : status >= 400 ? 'warn' : 'good' },
    (number(request, 'duration_ms') ?? 0).toFixed(1),
    text(request, 'method'),
    text(request, 'host') + text(request, 'target'),
    text(request, 'client'),
    list(request, 'nodes')
      .map((node) => text(node, 'node'))
      .join('→'),
    tries.map((one) => `${text(one, 'server')} ${text(one, 'outcome')}`).join(', '),
    text(request, 'ending') === 'ok' ? '' : text(request, 'ending'),
  ];
}
