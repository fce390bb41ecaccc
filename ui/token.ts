import { element } from './element.ts';

/** The operator's token: asked for when the API wants one, and kept until the tab is closed. */
class Token {
  #value: string | null;
  #asking: Promise<void> | null = null;
  onChange: () => void = () => undefined;

  constructor() {
    this.#value = sessionStorage.getItem(KEY);
  }

  get value(): string | null {
    return this.#value;
  }

  /** Asks for another one than `refused`. */
  async wanted(refused: string | null): Promise<void> {
    if (refused !== this.#value) return;
    this.#asking ??= this.#ask(refused !== null).finally(() => (this.#asking = null));
    await this.#asking;
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
    this.#value = null;
    this.onChange();
  }

  #ask(wasWrong: boolean): Promise<void> {
    return new Promise((resolve) => {
      const input = element('input', {
        type: 'password',
        id: 'token',
        autocomplete: 'off',
        required: true,
        'aria-describedby': 'token-problem',
      });
      const wrong = wasWrong ? 'This token is not known here.' : '';
      const submit = (event: Event): void => {
        event.preventDefault();
        const given = input.value.trim();
        if (given === '') return;
        sessionStorage.setItem(KEY, given);
        this.#value = given;
        dialog.close();
        dialog.remove();
        this.onChange();
        resolve();
      };
      const dialog = element(
        'dialog',
        { class: 'narrow', 'aria-labelledby': 'token-title' },
        element(
          'form',
          { onsubmit: submit },
          element('h2', { id: 'token-title' }, 'A token is needed'),
          element(
            'p',
            { class: 'muted' },
            'ELB_ADMIN_TOKEN, or one of ELB_ADMIN_TOKENS. It stays in this tab and goes with it.',
          ),
          element('label', { for: 'token' }, 'Token'),
          input,
          element('p', { class: 'wrong', id: 'token-problem', role: 'alert' }, wrong),
          element('div', { class: 'actions' }, element('button', { class: 'primary' }, 'Continue')),
        ),
      );
      // Without a token there is nothing behind it.
      dialog.addEventListener('cancel', (event) => event.preventDefault());
      document.body.append(dialog);
      dialog.showModal();
    });
  }
}

const KEY = 'elb-token';

export const token = new Token();
