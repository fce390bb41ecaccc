import { get } from './ask.ts';
import { certificatesPage } from './certificates-page.ts';
import { element, fill } from './element.ts';
import { explainPage } from './explain-page.ts';
import { membersOf } from './graph-model.ts';
import { domainPage, sharedGraphPage } from './graph-page.ts';
import { historyPage } from './history-page.ts';
import { connection } from './live.ts';
import { domainsPage, sharedGraphsPage, upstreamsPage } from './names-page.ts';
import { overviewPage } from './overview-page.ts';
import { requestsPage } from './requests-page.ts';
import { leaving, route, to } from './router.ts';
import type { Page } from './router.ts';
import { token } from './token.ts';
import { upstreamPage } from './upstream-page.ts';

/** A list of items, and each of them: one page or the other, as there is a name in the address or not. */
function listOr(list: Page, one: Page): Page {
  return { ...list, show: (root, place, signal) => (place.rest.length === 0 ? list : one).show(root, place, signal) };
}

const pages: readonly Page[] = [
  overviewPage,
  listOr(domainsPage, domainPage),
  listOr(sharedGraphsPage, sharedGraphPage),
  listOr(upstreamsPage, upstreamPage),
  certificatesPage,
  explainPage,
  requestsPage,
  historyPage,
];

const main = byId('main');
const forget = byId('forget');

route(pages, main, (page) => {
  const links = pages.map((one) =>
    element(
      'a',
      { href: to(one.path), 'aria-current': one === page ? 'page' : null, 'data-page': one.path || 'overview' },
      one.title,
    ),
  );
  fill(byId('pages'), links);
});

byId('skip').addEventListener('click', () => main.focus());
forget.addEventListener('click', () => {
  token.forget();
  location.reload();
});
token.onChange = () => (forget.hidden = token.value === null);
token.onChange();

let trouble: string | null = null;
connection.told = (now) => {
  if (now === trouble) return;
  trouble = now;
  fill(byId('connection'), now === null ? null : element('span', { class: 'state bad' }, now));
};

// The search of a page that has one.
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select');
  const search = document.getElementById('search');
  if (event.key !== '/' || isTyping || search === null || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
});

addEventListener('beforeunload', (event) => {
  if (leaving.isTouched?.() === true) event.preventDefault();
});

void get('status', { limit: 0 }).then((status) => {
  const { name } = membersOf(membersOf(status)['instance']);
  byId('instance').textContent = name === 'ELB' ? '' : String(name ?? '');
});

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no ${id}`);
  return found;
}
