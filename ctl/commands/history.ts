import { integer, text as anyText } from '../../lib/core/option-kinds.ts';
import { inner, list, membersOf, text } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { called, optionalArgument, usual } from '../inputs.ts';
import { changesOf, changesText } from '../item-changes.ts';

/** Lists what was changed in the store, by whom and when. */
export const history = defineCommand({
  name: 'history',
  summary: 'List what was changed in the store, by whom and when',
  description:
    'The newest first. With an id: what that transaction changed. What others write into the store (`etcdctl put`) is not in it.',
  positionals: { id: optionalArgument(called('ID', anyText), 'a transaction', 'transaction') },
  flags: { limit: usual(integer(1, 10_000), '20', 'most transactions that are listed') },
  examples: [
    { line: 'elbctl history', does: 'the last 20 transactions' },
    { line: 'elbctl history 2026-01-31T10:00:00.000Z-0a1b2c3d', does: 'what one of them changed' },
  ],
  async run({ screen, api }, { id }, { limit }) {
    const { body } = await (
      await api()
    ).call({ method: 'GET', resource: 'history', query: id === null ? { limit } : { id } });
    if (id !== null) {
      screen.show(body, () => changesText(changesOf(body), screen.style));
      return EXIT.ok;
    }
    const records = list(membersOf(body, 'history'), 'history');
    screen.show(body, () =>
      screen.table(
        ['ID', 'BY', 'CALL', 'REVISION', 'KEYS', 'CHANGED'],
        records.map((one) => [
          text(one, 'id'),
          callerOf(inner(one, 'by')),
          text(one, 'call'),
          text(one, 'revision'),
          text(one, 'keys'),
          itemsOf(one),
        ]),
      ),
    );
    return EXIT.ok;
  },
});

function callerOf(by: Members): string {
  const token = text(by, 'token');
  return token === '' ? text(by, 'address') : `${token} (${text(by, 'address')})`;
}

function itemsOf(record: Members): string {
  const signs: Readonly<Record<string, string>> = { added: '+', removed: '-' };
  return list(record, 'items')
    .map((item) => `${signs[text(item, 'change')] ?? '~'}${text(item, 'kind')} ${text(item, 'name')}`)
    .join(', ');
}
