import { get, Refused } from './ask.ts';
import { changesView } from './changes.ts';
import type { ItemChange } from './changes.ts';
import { element, fill } from './element.ts';
import { ago, moment } from './format.ts';
import { button, heading, panel } from './parts.ts';
import { notice } from './notice.ts';
import { refusalText, review } from './review.ts';
import type { Page } from './router.ts';

/** One transaction of the history. */
interface HistoryRecord {
  readonly id: string;
  readonly at: string;
  readonly by: { readonly address: string; readonly token: string | null };
  readonly call: string;
  readonly revision: number;
  readonly keys: number;
  readonly items: readonly { readonly kind: string; readonly name: string; readonly change: string }[];
  readonly kept: boolean;
}

/** What was changed in the store through ELB, by whom, and how to undo it. */
export const historyPage: Page = {
  path: 'history',
  title: 'History',
  async show(root, _place, signal) {
    const list = element('ol', { class: 'history' });
    const detail = element('div', { 'aria-live': 'polite' });
    const load = async (): Promise<void> => {
      const { history } = (await get('history', { limit: 200 }, signal)) as { history: readonly HistoryRecord[] }; // what this call answers
      fill(detail);
      if (history.length === 0) {
        fill(
          list,
          element('li', { class: 'muted' }, 'Nothing was written through ELB yet. Changes in memory are not recorded.'),
        );
        return;
      }
      fill(
        list,
        history.map((record, i) =>
          element(
            'li',
            {},
            entry(record, (chosen) => void show(chosen, i === 0)),
          ),
        ),
      );
    };
    const show = async (record: HistoryRecord, isNewest: boolean): Promise<void> => {
      for (const one of list.querySelectorAll('button'))
        one.setAttribute('aria-pressed', String(one.dataset['id'] === record.id));
      const undo = async (query: Readonly<Record<string, string>>, title: string): Promise<void> => {
        try {
          const made = await review({
            title,
            method: 'PUT',
            resource: 'rollback',
            query,
            hasChoice: false,
            verb: 'Undo',
          });
          if (made === null) return;
          notice('Undone. That is a change, too, and can be undone.');
          await load();
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          notice(refusalText(error));
        }
      };
      const undoIt = button(
        isNewest ? 'Undo this…' : 'Undo this and all since…',
        () => void undo({ before: record.id }, 'Undo'),
        'primary',
      );
      const goBack = button('Go back to here…', () => void undo({ to: record.id }, `Go back to ${moment(record.at)}`));
      try {
        const { changes } = (await get('history', { id: record.id }, signal)) as { changes: readonly ItemChange[] }; // what this call answers
        fill(
          detail,
          panel(
            `${record.call}, ${moment(record.at)}`,
            changesView(changes),
            element('div', { class: 'actions' }, isNewest ? null : goBack, undoIt),
          ),
        );
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        fill(detail, panel(record.call, element('p', { class: 'muted' }, error.message)));
      }
    };
    root.append(heading('History', null), element('div', { class: 'split history-split' }, list, detail));
    addEventListener('elb-changed', () => void load(), { signal });
    await load();
  },
};

function entry(record: HistoryRecord, choose: (record: HistoryRecord) => void): HTMLElement {
  const names = record.items.slice(0, 3).map(({ change, name }) => `${change} ${name}`);
  const more =
    record.keys > names.length && record.items.length > 3 ? ` and ${String(record.items.length - 3)} more` : '';
  return element(
    'button',
    { type: 'button', class: 'entry', 'data-id': record.id, 'aria-pressed': 'false', onclick: () => choose(record) },
    element('strong', {}, names.join(', ') + more || record.call),
    element(
      'span',
      { class: 'muted' },
      `${record.by.token ?? record.by.address} · ${record.call} · `,
      element('time', { datetime: record.at, title: moment(record.at) }, ago(record.at)),
    ),
  );
}
