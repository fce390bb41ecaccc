import { text as anyText } from '../../lib/core/option-kinds.ts';
import { list, membersOf, text } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { called, setting } from '../inputs.ts';
import { makeChange } from '../make-change.ts';
import type { Session } from '../session.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

const { 'dry-run': dryRun, yes, wait } = CHANGE_FLAGS;
const transaction = called('ID', anyText);

/** Undoes transactions of the history. */
export const rollback = defineCommand({
  name: 'rollback',
  summary: 'Undo what was changed in the store',
  description: `Undoes the last transaction of the history, or all from one on: every key that they wrote gets back what it held. A rollback is a transaction, too, so that
another rollback undoes it.`,
  positionals: {},
  flags: {
    to: setting(transaction, 'the transaction that is the last to stay', { completes: 'transaction' }),
    before: setting(transaction, 'the transaction that is the first to be undone', { completes: 'transaction' }),
    'dry-run': dryRun,
    yes,
    wait,
  },
  examples: [
    { line: 'elbctl rollback', does: 'undoes the last change' },
    {
      line: 'elbctl rollback --to 2026-01-31T10:00:00.000Z-0a1b2c3d -n',
      does: 'what it would take to get back to where that one led',
    },
  ],
  async run(session, _, flags) {
    const { to, before } = flags;
    if (to !== null && before !== null) throw new Failure(EXIT.usage, 'either --to or --before');
    const query = to === null ? { before: before ?? (await newest(session)) } : { to };
    const call = { method: 'PUT', resource: 'rollback', query } as const;
    const plan = { call, tagOf: 'document', question: 'Roll back?', isPlaced: true } as const;
    return makeChange(session, plan, { ...flags, memory: false });
  },
});

async function newest(session: Session): Promise<string> {
  const { body } = await (await session.api()).call({ method: 'GET', resource: 'history', query: { limit: 1 } });
  const [record] = list(membersOf(body, 'history'), 'history');
  if (record !== undefined) return text(record, 'id');
  throw new Failure(EXIT.missing, 'the history is empty: nothing was changed in the store through ELB', {
    next: 'was it written by others, as with etcdctl? They have to undo it; ELB_HISTORY says how many transactions are kept',
  });
}
