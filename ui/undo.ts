import { ask, get, Refused } from './ask.ts';
import { membersOf } from './graph-model.ts';
import { notice } from './notice.ts';
import { refusalText } from './review.ts';
import type { Made } from './review.ts';

/** What stood there before a change. */
export interface Former {
  readonly kind: 'domain' | 'upstream' | 'options';
  readonly name: string;
  /** Undefined: nothing. */
  readonly document: unknown;
}

/** Says that a change was made, and offers to undo it. */
export function undoable(text: string, made: Made, former: Former): void {
  const run = async (): Promise<void> => {
    try {
      await (made.isStored ? rollBack(made.reply.revision) : putBack(former));
      notice(`Undone: ${former.name} is as before.`);
      dispatchEvent(new Event('elb-changed'));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(`That could not be undone. ${refusalText(error)}`);
    }
  };
  notice(text, { label: 'Undo', run: () => void run() });
}

/** Undoes the transaction of the history that wrote a revision of the store. */
async function rollBack(revision: number | null): Promise<void> {
  const { history } = membersOf(await get('history', { limit: 20 }));
  const records = Array.isArray(history) ? history.map(membersOf) : [];
  const found = records.find((record) => record['revision'] === revision);
  if (found === undefined) throw new Refused(404, { msg: 'The history does not know this change' });
  if (found !== records[0]) throw new Refused(409, { msg: 'changed meanwhile' });
  await ask('PUT', 'rollback', { query: { before: String(found['id']) } });
}

/** Memory has no history: what was there before is put again. */
async function putBack({ kind, name, document }: Former): Promise<void> {
  const resource = kind === 'options' ? 'option' : kind;
  if (document === undefined) await ask('DELETE', resource, { body: JSON.stringify([name]) });
  else await ask('PUT', resource, { body: JSON.stringify({ [name]: document }) });
}
