import { ask, Refused } from './ask.ts';
import { element, fill } from './element.ts';
import type { Child } from './element.ts';
import { heading, link, panel, state, table } from './parts.ts';
import { refusalText } from './review.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { TlsFields } from './tls-fields.ts';
import { walkView } from './walk-view.ts';

interface ExplainedNode {
  readonly node: string;
  /** Null: it is of the domain's own graph. */
  readonly graph: string | null;
  readonly type: string;
  readonly verdict: string | null;
  readonly next: string | null;
  readonly why: string;
  readonly changes: readonly { readonly what: string; readonly before: unknown; readonly after: unknown }[];
}

interface ExplainedServer {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly usable: boolean;
  readonly chosen: boolean;
  readonly why: readonly string[];
  readonly in_flight: number;
  readonly fails: number;
}

/** What `POST explain` answers, as far as it is shown. */
interface Explained {
  readonly domain: string | null;
  readonly nodes: readonly ExplainedNode[];
  readonly decision: {
    readonly kind: string;
    readonly status: number | null;
    readonly ending?: string;
    readonly text: string;
    readonly head?: string;
    readonly body?: string;
  };
  readonly upstream: {
    readonly name: string;
    readonly balancer: string;
    readonly breaker: string | null;
    readonly chance: boolean;
    readonly servers: readonly ExplainedServer[];
  } | null;
  readonly server: string | null;
  readonly head: string | null;
  readonly copies: readonly string[];
  readonly routes: readonly { readonly edge: string; readonly explanation: Explained }[];
}

/** Of an upstream's servers. */
const MOST_SHOWN = 200;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What would become of a request: asked here, answered by the graph that is in force. */
export const explainPage: Page = {
  path: 'explain',
  title: 'Explain',
  show(root, place, signal) {
    const { query } = place;
    const url = element('input', {
      id: 'url',
      required: true,
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: 'http://shop.example.com/cart',
      value: query.get('url') ?? '',
    });
    const chosen = query.get('method') ?? 'GET';
    const method = element(
      'select',
      { id: 'method' },
      METHODS.map((name) => element('option', { selected: name === chosen }, name)),
    );
    const fields = element('textarea', {
      id: 'fields',
      rows: 2,
      spellcheck: 'false',
      placeholder: 'User-Agent: httpie',
    });
    fields.value = query.get('fields') ?? '';
    const client = element('input', {
      id: 'client',
      autocomplete: 'off',
      placeholder: '127.0.0.1',
      value: query.get('client') ?? '',
    });
    const protocol = element(
      'select',
      { id: 'protocol' },
      element('option', { value: 'h1' }, 'HTTP/1.1'),
      element('option', { value: 'h2', selected: query.get('protocol') === 'h2' }, 'HTTP/2'),
    );
    const secured = new TlsFields(query);
    const result = element('div', { class: 'result', 'aria-live': 'polite' });
    const run = async (): Promise<void> => {
      const body = {
        url: url.value.trim(),
        method: method.value,
        headers: fields.value.split('\n').filter((line) => line.trim() !== ''),
        protocol: protocol.value,
        ...(client.value.trim() !== '' && { client: client.value.trim() }),
        ...secured.value(),
      };
      try {
        const reply = await ask('POST', 'explain', { body: JSON.stringify(body), signal });
        await show(reply.body as Explained, result); // what this call answers
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Refused)) throw error;
        fill(result, element('p', { class: 'wrong', role: 'alert' }, refusalText(error)));
      }
    };
    const form = element(
      'form',
      {
        class: 'panel ask',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void run();
        },
      },
      element('div', { class: 'field' }, element('label', { for: 'method' }, 'Method'), method),
      element('div', { class: 'field' }, element('label', { for: 'url' }, 'URL'), url),
      element('div', { class: 'field fields' }, element('label', { for: 'fields' }, 'Fields, one a line'), fields),
      element('div', { class: 'field' }, element('label', { for: 'client' }, 'From the address'), client),
      element('div', { class: 'field' }, element('label', { for: 'protocol' }, 'Protocol'), protocol),
      secured.root,
      element('div', { class: 'actions' }, element('button', { class: 'primary' }, 'Explain')),
    );
    root.append(
      heading('Explain a request', null),
      element(
        'p',
        { class: 'lead' },
        'Nothing is sent and nothing is counted: the graph that workers walk says what would happen.',
      ),
      form,
      result,
    );
    if (query.has('url')) void run();
    else url.focus();
    return Promise.resolve();
  },
};

async function show(explained: Explained, result: HTMLElement): Promise<void> {
  const { domain, nodes, decision, upstream, server, head } = explained;
  const kind = decision.kind === 'fault' ? 'bad' : decision.kind === 'forward' && server === null ? 'bad' : 'good';
  const steps = ownSteps(nodes);
  const graph = domain === null ? null : await walkView(domain, steps);
  const where = domain === null ? 'no domain' : link(to('domains', [domain]), domain);
  fill(
    result,
    element('p', { class: `verdict ${kind}` }, element('strong', {}, decision.text), faultOf(decision)),
    explained.copies.length === 0 ? null : element('p', {}, `a copy goes to ${explained.copies.join(', ')}`),
    panel(['Walk of ', where], graph, element('ol', { class: 'steps' }, nodes.map(stepRow))),
    routesOf(explained),
    upstream === null ? null : serversOf(upstream),
    head === null ? null : panel('What the server is sent', element('pre', {}, head.trimEnd())),
    decision.head === undefined
      ? null
      : panel(
          'What the client is answered',
          element('pre', {}, `${decision.head.trimEnd()}\n\n${decision.body ?? ''}`),
        ),
  );
}

/** The status of a fault, and the name that the log and metrics have for it. */
function faultOf({ kind, status, ending = '' }: Explained['decision']): HTMLElement | null {
  if (kind !== 'fault') return null;
  const answer = status === 0 ? 'closed without an answer' : `answered ${String(status)}`;
  return element('span', { class: 'muted' }, ` ${answer}, ending ${ending}`);
}

/** The ways of the requests that are made of the one that was asked about, and of those in turn. */
function routesOf({ routes }: Explained): readonly HTMLElement[] {
  return routes.flatMap(({ edge, explanation }) => [
    panel(
      ['Route ', edge],
      element('ol', { class: 'steps' }, explanation.nodes.map(stepRow)),
      element('p', { class: 'muted' }, explanation.decision.text),
    ),
    ...routesOf(explanation),
  ]);
}

/** The steps in the domain's own graph. A shared one is left by an edge of the node that includes it, which the last step in there has told. */
function ownSteps(nodes: readonly ExplainedNode[]): readonly { node: string; verdict: string | null }[] {
  return nodes.flatMap(({ node, graph, type, verdict }, i) => {
    if (graph !== null) return [];
    const back = type === 'include' ? nodes.findIndex((other, j) => j > i && other.graph === null) : -1;
    return [{ node, verdict: back === -1 ? verdict : (nodes[back - 1]?.verdict ?? null) }];
  });
}

function stepRow({ node, graph, type, verdict, why, changes }: ExplainedNode): HTMLElement {
  const edits = changes.map(({ what, before, after }): Child =>
    element('small', {}, `${what}: ${before === null ? '' : `${textOf(before)} → `}${textOf(after)}`),
  );
  return element(
    'li',
    {},
    element(
      'span',
      { class: 'step-name' },
      node === '' ? 'nowhere' : node,
      ' ',
      element('span', { class: 'type-tag' }, type),
      graph === null ? null : element('small', { class: 'muted' }, ` in ${graph.replace('/', ' ')}`),
    ),
    element('span', { class: 'step-why' }, why, edits),
    verdict === null ? null : element('span', { class: 'step-edge' }, verdict),
  );
}

function serversOf({ name, balancer, breaker, servers, chance }: NonNullable<Explained['upstream']>): HTMLElement {
  const more = [balancer, chance ? 'by lot' : '', breaker === null ? '' : `breaker ${breaker}`].filter(
    (text) => text !== '',
  );
  return panel(
    ['Servers of ', link(to('upstreams', [name]), name), element('span', { class: 'muted' }, ` ${more.join(', ')}`)],
    table(
      [
        { name: 'Server', cell: (one: ExplainedServer) => one.name },
        {
          name: 'State',
          cell: ({ chosen, usable }) =>
            chosen ? state('good', 'chosen') : usable ? state('off', 'possible') : state('bad', 'out'),
        },
        { name: 'Why', cell: ({ why }) => why.join('; ') },
        { name: 'Weight', numeric: true, cell: ({ weight }) => weight },
        { name: 'In flight', numeric: true, cell: ({ in_flight }) => in_flight },
        { name: 'Fails', numeric: true, cell: ({ fails }) => fails },
      ],
      // The chosen one first, then the others that were possible.
      servers
        .toSorted((a, b) => Number(b.chosen) - Number(a.chosen) || Number(b.usable) - Number(a.usable))
        .slice(0, MOST_SHOWN),
      'It has no servers.',
    ),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
