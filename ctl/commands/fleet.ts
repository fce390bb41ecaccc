import { list, membersOf, number, own, text } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Cell } from '../text-table.ts';
import { timeText } from '../time-text.ts';

/** Lists the instances that follow the same store. */
export const fleet = defineCommand({
  name: 'fleet',
  summary: 'List the instances that follow the same store',
  description:
    'What each serves, how many keys it refuses or has in memory only, and who lags. Exit code 1: one of them lags or is not ready.',
  positionals: {},
  flags: {},
  examples: [{ line: 'elbctl fleet', does: 'all instances' }],
  async run({ screen, api }) {
    const { body } = await (await api()).call({ method: 'GET', resource: 'fleet' });
    const instances = list(membersOf(body, 'instances'), 'instances');
    screen.show(body, () =>
      screen.table(
        ['INSTANCE', 'HOST', 'VERSION', 'REVISION', 'STATE', 'REFUSED', 'IN MEMORY', 'UP'],
        instances.map((one): readonly Cell[] => [
          `${text(one, 'id')}${own(one, 'self') === true ? ' (this one)' : ''}`,
          text(one, 'host'),
          text(one, 'version'),
          text(one, 'revision'),
          own(one, 'ready') !== true
            ? { text: `not ready: ${text(one, 'reason')}`, style: 'bad' }
            : own(one, 'lags') === true
              ? { text: 'lags', style: 'warn' }
              : { text: 'ready', style: 'good' },
          (number(one, 'rejected') ?? 0) > 0 ? { text: text(one, 'rejected'), style: 'bad' } : text(one, 'rejected'),
          text(one, 'overlays'),
          ageOf(text(one, 'started_at')),
        ]),
      ),
    );
    const isWell = instances.every((one) => own(one, 'ready') === true && own(one, 'lags') !== true);
    return isWell ? EXIT.ok : EXIT.no;
  },
});

function ageOf(startedAt: string): string {
  const ms = Date.now() - Date.parse(startedAt);
  return Number.isNaN(ms) ? '' : timeText(Math.max(0, ms / 1000));
}
