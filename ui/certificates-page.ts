import { get } from './ask.ts';
import { element, fill } from './element.ts';
import type { Child } from './element.ts';
import { moment, span } from './format.ts';
import { again } from './live.ts';
import { heading, state, table } from './parts.ts';
import type { Column } from './parts.ts';
import type { Page } from './router.ts';

/** What the API tells of a certificate. */
interface Certificate {
  readonly name: string;
  readonly names: readonly string[];
  readonly key_type: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly expires_in_s: number;
  readonly issuer: string;
  readonly source: string;
}

/** All certificates, those that run out first on top. Their keys are told to nobody; they are put by `elbctl` or the API. */
export const certificatesPage: Page = {
  path: 'certificates',
  title: 'Certificates',
  async show(root, _, signal) {
    const search = element('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search names',
      'aria-label': 'Search certificates',
    });
    const count = element('p', { class: 'muted', role: 'status' });
    const list = element('div', {});
    root.append(heading('Certificates', null), element('div', { class: 'bar' }, search, count), list);
    let all: readonly Certificate[] = [];
    const show = (): void => {
      const wanted = search.value.trim().toLowerCase();
      const found = all.filter(({ name, names }) => [name, ...names].some((one) => one.toLowerCase().includes(wanted)));
      const late = all.filter(({ expires_in_s: left }) => left < WARN_S).length;
      count.textContent = `${all.length.toLocaleString('en')} in all${late === 0 ? '' : `, ${late.toLocaleString('en')} about to run out`}`;
      const left = found.length - MOST_SHOWN;
      const none = all.length === 0 ? 'There is none: nobody is served by TLS.' : 'No certificate has this in a name.';
      fill(
        list,
        table(COLUMNS, found.slice(0, MOST_SHOWN), none),
        left > 0
          ? element('p', { class: 'muted' }, `and ${left.toLocaleString('en')} more, found by their names`)
          : null,
      );
    };
    search.addEventListener('input', show);
    await again(30_000, signal, async () => {
      // The shape of this call's answer.
      const told = (await get('cert', {}, signal)) as Readonly<Record<string, Omit<Certificate, 'name'>>>;
      all = Object.entries(told)
        .map(([name, facts]) => ({ name, ...facts }))
        .toSorted((a, b) => a.expires_in_s - b.expires_in_s);
      show();
    });
  },
};

const COLUMNS: readonly Column<Certificate>[] = [
  { name: 'Name', cell: ({ name }) => name },
  { name: 'For', cell: ({ names }) => namesText(names) },
  { name: 'State', cell: stateOf },
  { name: 'Runs out', cell: ({ not_after: at }) => element('time', { datetime: at, title: at }, moment(at)) },
  { name: 'Key', cell: ({ key_type: type }) => type },
  { name: 'Issuer', cell: ({ issuer }) => issuer },
  { name: 'From', cell: ({ source }) => source },
];

function namesText(names: readonly string[]): Child {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  const more = names.length - MOST_NAMES;
  return more > 0 ? element('span', { title: names.join('\n') }, `${shown} and ${String(more)} more`) : shown;
}

function stateOf({ expires_in_s: left, not_before: from }: Certificate): HTMLElement {
  if (left <= 0) return state('bad', 'has run out');
  if (Date.parse(from) > Date.now()) return state('warn', 'not valid yet');
  return state(left < WARN_S ? 'warn' : 'good', `${span(left)} left`);
}

/** As ELB itself warns of them: two weeks ahead. */
const WARN_S = 14 * 86_400;
const MOST_SHOWN = 200;
const MOST_NAMES = 5;
