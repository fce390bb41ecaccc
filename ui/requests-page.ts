import { get, Refused } from './ask.ts';
import { element, fill } from './element.ts';
import type { Child } from './element.ts';
import { bytes, ms } from './format.ts';
import { again } from './live.ts';
import { button, heading, link, panel, state, table } from './parts.ts';
import type { Column } from './parts.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { walkView } from './walk-view.ts';

/** One request as `GET requests` tells it. */
export interface RecentRequest {
  readonly at: string;
  readonly id: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly client: string;
  readonly domain: string | null;
  readonly nodes: readonly { readonly node: string; readonly verdict: string | null }[];
  readonly upstream: string | null;
  readonly tries: readonly { readonly server: string; readonly ms: number; readonly outcome: string }[];
  readonly server: string | null;
  readonly status: number;
  readonly ending: string;
  readonly duration_ms: number;
  readonly server_ms: number;
  readonly received_bytes: number;
  readonly sent_bytes: number;
}

/** The last requests, and each one's way through its graph. */
export const requestsPage: Page = {
  path: 'requests',
  title: 'Requests',
  show(root, place, signal) {
    const filter = (name: string, label: string, hint: string): HTMLInputElement =>
      element('input', {
        id: `filter-${name}`,
        'aria-label': label,
        placeholder: hint,
        autocomplete: 'off',
        spellcheck: 'false',
        value: place.query.get(name) ?? '',
      });
    const domain = filter('domain', 'Domain', 'Domain');
    const status = filter('status', 'Status', 'Status: 404, 5xx');
    const path = filter('path', 'Path', 'Path');
    const errors = element('input', { type: 'checkbox', id: 'filter-errors', checked: place.query.has('errors') });
    const pause = button('Pause', () => {
      isPaused = !isPaused;
      pause.textContent = isPaused ? 'Go on' : 'Pause';
      pause.setAttribute('aria-pressed', String(isPaused));
      if (!isPaused) void load();
    });
    const list = element('div', {});
    const detail = element('div', { 'aria-live': 'polite' });
    let isPaused = false;
    let chosen: RecentRequest | null = null;

    const choose = async (one: RecentRequest): Promise<void> => {
      chosen = one;
      const shown = await requestDetail(one);
      if (chosen === one) fill(detail, shown);
      detail.scrollIntoView({ block: 'nearest' });
    };
    const load = async (): Promise<void> => {
      const query = {
        domain: domain.value.trim() || null,
        status: status.value.trim() || null,
        path: path.value.trim() || null,
        errors: errors.checked,
        limit: 100,
      };
      try {
        const { requests } = (await get('requests', query, signal)) as { requests: readonly RecentRequest[] }; // what this call answers
        if (isPaused) return;
        const focused = document.activeElement?.getAttribute('data-request');
        fill(
          list,
          table(
            columnsOf((one) => void choose(one)),
            requests,
            'No request of this kind is remembered.',
          ),
        );
        if (focused) list.querySelector<HTMLElement>(`[data-request="${CSS.escape(focused)}"]`)?.focus();
      } catch (error) {
        if (!(error instanceof Refused) || (error.status !== 400 && error.status !== 404)) throw error;
        fill(
          list,
          element(
            'p',
            { class: 'wrong', role: 'alert' },
            error.problems.map(({ msg }) => msg).join('; ') || error.message,
          ),
        );
      }
    };
    for (const input of [domain, status, path, errors]) input.addEventListener('change', () => void load());
    root.append(
      heading('Requests', null, pause),
      element(
        'div',
        { class: 'bar' },
        domain,
        status,
        path,
        element('label', { class: 'check', for: 'filter-errors' }, errors, 'Errors only'),
      ),
      detail,
      list,
    );
    void again(2000, signal, async () => {
      if (!isPaused) await load();
    });
    return Promise.resolve();
  },
};

function columnsOf(choose: (one: RecentRequest) => void): readonly Column<RecentRequest>[] {
  const open = (one: RecentRequest): Child =>
    element(
      'button',
      {
        type: 'button',
        class: 'row-button',
        'data-request': `${one.at} ${one.id} ${one.target}`,
        onclick: () => choose(one),
      },
      `${one.method} `,
      element('span', { class: 'muted' }, one.host),
      one.target,
    );
  return [
    { name: 'Time', cell: ({ at }) => element('time', { datetime: at }, new Date(at).toLocaleTimeString()) },
    { name: 'Request', cell: open },
    { name: 'Status', cell: (one) => statusState(one) },
    {
      name: 'Server',
      cell: ({ server, tries }) => [
        server || '–',
        tries.length > 1 ? element('small', {}, ` ${String(tries.length)} tries`) : null,
      ],
    },
    { name: 'Time taken', numeric: true, cell: ({ duration_ms }) => ms(duration_ms) },
    { name: 'Sent', numeric: true, cell: ({ sent_bytes }) => bytes(sent_bytes) },
  ];
}

function statusState({ status, ending }: RecentRequest): HTMLElement {
  const kind = status >= 500 || status === 0 ? 'bad' : status >= 400 ? 'warn' : 'good';
  return state(kind, status === 0 ? ending : [String(status), ending === 'ok' ? null : ` ${ending}`]);
}

/** What became of one request. */
export async function requestDetail(one: RecentRequest): Promise<HTMLElement> {
  const graph = one.domain === null ? null : await walkView(one.domain, one.nodes);
  const facts: readonly (readonly [string, Child])[] = [
    ['Client', one.client],
    ['Domain', one.domain === null ? '–' : link(to('domains', [one.domain]), one.domain)],
    [
      'Upstream',
      one.upstream === null || one.upstream === '' ? '–' : link(to('upstreams', [one.upstream]), one.upstream),
    ],
    ['Time', `${ms(one.duration_ms)}, of it ${ms(one.server_ms)} on servers`],
    ['Size', `${bytes(one.received_bytes)} received, ${bytes(one.sent_bytes)} sent`],
    [
      'Tries',
      one.tries.length === 0
        ? 'none'
        : one.tries.map(({ server, ms: took, outcome }) => element('div', {}, `${server}: ${outcome} in ${ms(took)}`)),
    ],
    ...(one.id === '' ? [] : [['Id', one.id] as const]),
  ];
  return panel(
    [`${one.method} ${one.host}${one.target} `, statusState(one)],
    graph,
    element(
      'dl',
      { class: 'facts' },
      facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    ),
    link(
      to('explain', [], { method: one.method, url: `http://${one.host}${one.target}`, client: one.client }),
      'Explain one like it',
    ),
  );
}
