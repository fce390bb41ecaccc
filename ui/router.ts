import { Refused } from './ask.ts';
import { element, fill } from './element.ts';

/** Where in the page somebody is: `#/domains/a.test?edit=1`. */
export interface Place {
  /** Steps of the path behind the page's own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

export interface Page {
  /** First step of its path; empty for the first page. */
  readonly path: string;
  readonly title: string;
  /** Builds what is shown and keeps it up to date until `signal`. */
  show(root: HTMLElement, place: Place, signal: AbortSignal): Promise<void>;
}

/** The address of a place. */
export function to(path: string, steps: readonly string[] = [], query: Readonly<Record<string, string>> = {}): string {
  const text = [path, ...steps.map(encodeURIComponent)].filter((step) => step !== '').join('/');
  const search = new URLSearchParams(query).toString();
  return `#/${text}${search === '' ? '' : `?${search}`}`;
}

/** Whether something is written and not applied, and whether it may be thrown away: asked before a place is left. */
export const leaving: { isTouched: (() => boolean) | null; ask: (() => boolean) | null } = {
  isTouched: null,
  ask: null,
};

/** Shows the page of the address, now and whenever it changes. */
export function route(pages: readonly Page[], root: HTMLElement, onPage: (page: Page) => void): void {
  let current = new AbortController();
  let shown = '';
  const show = async (isFirst: boolean): Promise<void> => {
    if (location.hash === shown && !isFirst) return;
    if (leaving.ask?.() === false) {
      history.replaceState(null, '', shown);
      return;
    }
    leaving.ask = null;
    leaving.isTouched = null;
    shown = location.hash;
    current.abort();
    current = new AbortController();
    const { signal } = current;
    const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
    const [first = '', ...rest] = path.split('/').map(decoded);
    const page = pages.find((one) => one.path === first) ?? pages[0];
    if (page === undefined) return;
    onPage(page);
    document.title = [rest[0], page.title, 'ELB'].filter((part) => part !== undefined).join(' · ');
    const place = element('div', { class: 'page' });
    fill(root, place);
    if (!isFirst) root.focus();
    root.scrollTo(0, 0);
    try {
      await page.show(place, { rest, query: new URLSearchParams(search) }, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      place.append(element('p', { class: 'wrong', role: 'alert' }, error.message));
    }
  };
  addEventListener('hashchange', () => void show(false));
  void show(true);
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
