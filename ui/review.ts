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
  const { method, resource, query = {}, body, ifMatch = null } = intent;
  const question = { ...(body !== undefined && { body }), ifMatch };
  const { body: told } = await ask(method, resource, { ...question, query: { ...query, dry_run: true } });
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
        end({ isStored, reply: await ask(method, resource, { ...question, query: { ...query, ...more } }) });
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

/** All that was refused, in a sentence or more. */
export function refusalText({ message, problems, status }: Refused): string {
  if (status === 409) return 'Somebody has changed this meanwhile. Cancel, look at what is there now, and try again.';
  const said = problems.map(({ at, msg }) => (at === '' ? msg : `${at} ${msg}`)).filter((text) => text !== message);
  return said.length === 0 ? message : `${message}: ${said.join('; ')}`;
}
