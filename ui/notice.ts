import { element } from './element.ts';

/** A short message that goes by itself, with something that can be done about it. */
export function notice(text: string, action?: { readonly label: string; readonly run: () => void }): void {
  const place = document.getElementById('notices');
  const button = action === undefined ? null : element('button', { type: 'button' }, action.label);
  const one = element('div', { class: 'notice' }, element('span', {}, text), button);
  const end = (): void => {
    clearTimeout(timer);
    one.remove();
  };
  // Longer where there is something to decide; and not while somebody is about to.
  const timer = setTimeout(
    () => (one.matches(':hover, :focus-within') ? setTimeout(end, LONG_MS) : end()),
    action === undefined ? SHORT_MS : LONG_MS,
  );
  button?.addEventListener('click', () => {
    end();
    action?.run();
  });
  place?.append(one);
}

const SHORT_MS = 5000;
const LONG_MS = 15_000;
