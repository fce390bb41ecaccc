import { ask, Refused } from './ask.ts';
import type { Question, Reply } from './ask.ts';
import { changesView } from './changes.ts';
import type { ItemChange } from './changes.ts';
import { element, fill } from './element.ts';
import { membersOf } from './graph-model.ts';

/** A call that changes something, and what to say about it. */
export interface Intent {
  readonly title: string;
  readonly method: 'PUT' | 'DELETE';
  readonly resource: string;
  readonly query?: Question['query'];
  readonly body?: string;
  readonly ifMatch?: string | null;
  /** An entity tag stands for all documents of a kind: the one of now, if what this changes is as it was shown; null: it is not. */
  readonly renew?: () => Promise<string | null>;
  /** Whether it can be kept in memory only. */
  readonly hasChoice: boolean;
  readonly verb: string;
}

export interface Made {
  /** Whether it was written to the store, and so is in the history. */
  readonly isStored: boolean;
  readonly reply: Reply;
}

/**
 * Shows what a call would change, and makes it if the operator says so. Resolves with null if not. Throws `Refused` where it
 * cannot even be shown.
 */
export async function review(intent: Intent): Promise<Made | null> {
  const { body: told } = await call(intent, { dry_run: true });
  // The API tells changes in this shape.
  const changes = (membersOf(told)['changes'] ?? []) as readonly ItemChange[];
  return new Promise((resolve) => {
    const trouble = element('div', { class: 'wrong', role: 'alert' });
    const apply = element('button', { type: 'submit', class: 'primary', disabled: changes.length === 0 }, intent.verb);
    const inStore = element('input', { type: 'radio', name: 'where', id: 'where-store', checked: true });
    const inMemory = element('input', { type: 'radio', name: 'where', id: 'where-memory' });
    const choice = element(
      'fieldset',
      { class: 'choice' },
      element('legend', {}, 'Where'),
      element(
        'label',
        { for: 'where-store' },
        inStore,
        element('span', {}, 'In the store', element('small', {}, 'for all instances, recorded, can be undone')),
      ),
      element(
        'label',
        { for: 'where-memory' },
        inMemory,
        element(
          'span',
          {},
          'In memory of this instance',
          element('small', {}, 'until it is written, or this instance ends'),
        ),
      ),
    );
    const end = (made: Made | null): void => {
      dialog.close();
      dialog.remove();
      resolve(made);
    };
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      apply.disabled = true;
      fill(trouble);
      const isStored = intent.hasChoice ? inStore.checked : true;
      const more = intent.hasChoice && isStored ? { store: true } : {};
      try {
        end({ isStored, reply: await call(intent, more) });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        apply.disabled = false;
        fill(trouble, refusalText(error));
      }
    };
    const dialog = element(
      'dialog',
      { 'aria-labelledby': 'review-title', class: 'review' },
      element(
        'form',
        { onsubmit: submit },
        element('h2', { id: 'review-title' }, intent.title),
        element(
          'div',
          { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What changes' },
          changesView(changes),
        ),
        intent.hasChoice ? choice : null,
        trouble,
        element(
          'div',
          { class: 'actions' },
          element('button', { type: 'button', onclick: () => end(null) }, 'Cancel'),
          apply,
        ),
      ),
    );
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      end(null);
    });
    document.body.append(dialog);
    dialog.showModal();
    apply.focus();
  });
}

/** Makes a call; once more where only other documents of the kind have changed meanwhile. */
async function call(
  { method, resource, query, body, ifMatch, renew }: Intent,
  more: Question['query'],
): Promise<Reply> {
  let tag = ifMatch ?? null;
  for (let left = 5; ; left--) {
    try {
      return await ask(method, resource, {
        ...(body !== undefined && { body }),
        ifMatch: tag,
        query: { ...query, ...more },
      });
    } catch (error) {
      const isStale = error instanceof Refused && error.status === 409 && left > 0;
      const next = isStale && renew !== undefined ? await renew() : null;
      if (next === null) throw error;
      tag = next;
    }
  }
}

/** All that was refused, in a sentence or more. */
export function refusalText({ message, problems, status }: Refused): string {
  if (status === 409) return 'Somebody has changed this meanwhile. Cancel, look at what is there now, and try again.';
  const said = problems.map(({ at, msg }) => (at === '' ? msg : `${at} ${msg}`)).filter((text) => text !== message);
  return said.length === 0 ? message : `${message}: ${said.join('; ')}`;
}
