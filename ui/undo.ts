import { ask, get, Refused } from './ask.ts';
import { membersOf } from './graph-model.ts';
import { notice } from './notice.ts';
import { refusalText } from './review.ts';
import type { Made } from './review.ts';

/** What stood there before a change. */
export interface Former {
  readonly kind: 'domain' | 'graph' | 'upstream' | 'options';
  readonly name: string;
  /** Undefined: nothing. */
  readonly document: unknown;
}

/** Says that a change was made, and offers to undo it. */
export function undoable(text: string, made: Made, former: Former): void {
  // Which transaction of the history it was: the newest one now, if that is about this.
  const record = made.isStored ? newestRecord() : null;
  const run = async (): Promise<void> => {
    try {
      await (record === null ? putBack(former) : rollBack(await record, former));
      notice(`Undone: ${former.name} is as before.`);
      dispatchEvent(new Event('elb-changed'));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(`That could not be undone. ${refusalText(error)}`);
    }
  };
  notice(text, { label: 'Undo', run: () => void run() });
}

/** Undoes a transaction that is still the newest one. */
async function rollBack(record: HistoryRecord | null, { kind, name }: Former): Promise<void> {
  if (record === null || !record.items.some((item) => item.kind === kind && item.name === name)) {
    throw new Refused(404, { msg: 'The history does not know this change' });
  }
  if ((await newestRecord())?.id !== record.id) throw new Refused(409, { msg: 'changed meanwhile' });
  await ask('PUT', 'rollback', { query: { before: record.id } });
}

interface HistoryRecord {
  readonly id: string;
  readonly items: readonly { readonly kind: string; readonly name: string }[];
}

async function newestRecord(): Promise<HistoryRecord | null> {
  const { history } = membersOf(await get('history', { limit: 1 }));
  // The shape of this call's answer.
  return (history as readonly HistoryRecord[])[0] ?? null;
}

/** Memory has no history: what was there before is put again. */
async function putBack({ kind, name, document }: Former): Promise<void> {
  const resource = kind === 'options' ? 'option' : kind;
  if (document === undefined) await ask('DELETE', resource, { body: JSON.stringify([name]) });
  else await ask('PUT', resource, { body: JSON.stringify({ [name]: document }) });
}
