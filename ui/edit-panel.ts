import { ask, Refused } from './ask.ts';
import type { Problem, Reply } from './ask.ts';
import { element, fill } from './element.ts';
import { membersOf } from './graph-model.ts';
import { JsonEditor } from './json-editor.ts';
import { rest } from './live.ts';
import { button } from './parts.ts';
import { refusalText, review } from './review.ts';
import { leaving } from './router.ts';
import { undoable } from './undo.ts';

export type ItemKind = 'domain' | 'graph' | 'upstream' | 'options';

/** The resource that changes items of a kind. */
export const RESOURCES: Readonly<Record<ItemKind, string>> = {
  domain: 'domain',
  graph: 'graph',
  upstream: 'upstream',
  options: 'option',
};

export interface EditPanelOptions {
  readonly kind: ItemKind;
  readonly name: string;
  /** What is there now; undefined: nothing. */
  readonly document: unknown;
  /** What to begin with. */
  readonly draft: unknown;
  readonly signal: AbortSignal;
  /** Another draft, with what is wrong with it; not called for what is no JSON. */
  readonly onDraft?: (text: string, problems: readonly Problem[]) => void;
  readonly onEnd: (isChanged: boolean) => void;
}

/** Edits one document: what is wrong is shown while it is written, and what would change before it is applied. */
export class EditPanel {
  readonly root: HTMLElement;
  readonly editor: JsonEditor;
  readonly #options: EditPanelOptions;
  readonly #base: string;
  readonly #status = element('p', { class: 'status', role: 'status' });
  readonly #apply: HTMLButtonElement;
  #checking = new AbortController();

  constructor(options: EditPanelOptions) {
    this.#options = options;
    const { kind, name, document, draft, signal } = options;
    this.#base = JSON.stringify(document);
    this.editor = new JsonEditor(JSON.stringify(draft, null, 2), {
      label: `${kind} ${name} as JSON`,
      onInput: () => void this.#check(CALM_MS),
      onDone: () => void this.#review(),
    });
    this.#apply = button('Review and apply…', () => void this.#review(), 'primary');
    const format = button('Format', () => this.#format());
    const discard = button('Discard', () => {
      if (this.#mayLeave()) this.#end(false);
    });
    this.root = element(
      'div',
      { class: 'edit' },
      this.editor.root,
      element(
        'div',
        { class: 'edit-foot' },
        this.#status,
        element('div', { class: 'actions' }, format, discard, this.#apply),
      ),
    );
    leaving.ask = () => this.#mayLeave();
    leaving.isTouched = () => this.#isTouched;
    signal.addEventListener('abort', () => this.#checking.abort(), { once: true });
    void this.#check(0);
  }

  get #isTouched(): boolean {
    return this.editor.text !== JSON.stringify(this.#options.draft, null, 2);
  }

  #mayLeave(): boolean {
    return !this.#isTouched || confirm('Throw away what you have written?');
  }

  /** The body of a call: the text as it is, so that a name which occurs twice is found. */
  #body(): string {
    return `{${JSON.stringify(this.#options.name)}:${this.editor.text}}`;
  }

  async #check(pauseMs: number): Promise<void> {
    this.#checking.abort();
    this.#checking = new AbortController();
    const { signal } = this.#checking;
    this.#apply.disabled = true;
    if (this.editor.error !== null) {
      this.#tell('bad', 'Not JSON yet');
      return;
    }
    this.#tell('off', 'Checking…');
    await rest(pauseMs, signal);
    if (signal.aborted) return;
    try {
      const { kind } = this.#options;
      const { body } = await ask('PUT', RESOURCES[kind], { query: { dry_run: true }, body: this.#body(), signal });
      const changes = membersOf(body)['changes'];
      const isSame = Array.isArray(changes) && changes.length === 0;
      this.editor.show([]);
      this.#apply.disabled = isSame;
      this.#tell('good', isSame ? 'Valid, and as it is now' : 'Valid');
      this.#options.onDraft?.(this.editor.text, []);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
    }
  }

  #refused(error: Refused): void {
    const step = `/${this.#options.name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const problems = error.problems.map(({ at, msg }) => ({
      at: at.startsWith(step) ? at.slice(step.length) : '',
      msg,
    }));
    if (error.status !== 400) {
      this.#tell('bad', refusalText(error));
      return;
    }
    this.editor.show(problems);
    this.#tell('bad', problems.length === 1 ? '1 problem' : `${String(problems.length)} problems`);
    this.#options.onDraft?.(this.editor.text, problems);
  }

  #tell(kind: string, text: string): void {
    this.#status.className = `status state ${kind}`;
    fill(this.#status, text);
  }

  #format(): void {
    if (this.editor.error !== null) return;
    this.editor.text = JSON.stringify(JSON.parse(this.editor.text), null, 2);
    void this.#check(0);
  }

  async #review(): Promise<void> {
    const { kind, name, document } = this.#options;
    if (this.editor.error !== null) return;
    try {
      const ifMatch = await this.#tag();
      if (ifMatch === null) {
        this.#tell(
          'bad',
          'Somebody has changed this meanwhile. Copy what you need, and begin again from what is there.',
        );
        return;
      }
      const made = await review({
        title: document === undefined ? `Add ${name}` : `Change ${name}`,
        method: 'PUT',
        resource: RESOURCES[kind],
        body: this.#body(),
        ifMatch,
        renew: () => this.#tag(),
        hasChoice: true,
        verb: 'Apply',
      });
      if (made === null) {
        this.editor.focus();
        return;
      }
      undoable(`${name} is ${document === undefined ? 'added' : 'changed'}.`, made, { kind, name, document });
      this.#end(true);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
    }
  }

  /** Entity tag of what is there now; null: that is not what was there when this began. */
  async #tag(): Promise<string | null> {
    const { kind, name } = this.#options;
    // What is not there has none of its own.
    const [{ tag }, now] = [await ask('GET', 'names', { query: { kind, limit: 1 } }), await currentItem(kind, name)];
    return JSON.stringify(now?.document) === this.#base ? (now?.reply.tag ?? tag) : null;
  }

  #end(isChanged: boolean): void {
    leaving.ask = null;
    leaving.isTouched = null;
    this.#checking.abort();
    this.#options.onEnd(isChanged);
  }
}

/** So long nobody is told that half a word is wrong. */
const CALM_MS = 250;

/** An item as it is now; null: there is none. */
export async function currentItem(
  kind: ItemKind,
  name: string,
): Promise<{
  readonly document: unknown;
  readonly body: Readonly<Record<string, unknown>>;
  readonly reply: Reply;
} | null> {
  try {
    const reply = await ask('GET', 'item', { query: { kind, name } });
    const body = membersOf(reply.body);
    return { document: body['document'], body, reply };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}
