import { ask, get, Refused } from './ask.ts';
import type { Problem } from './ask.ts';
import { followEdges } from './edge-rates.ts';
import { currentItem, EditPanel } from './edit-panel.ts';
import { element, fill } from './element.ts';
import { rate } from './format.ts';
import { edgeLabel, membersOf, nodeOf } from './graph-model.ts';
import type { GraphShape } from './graph-model.ts';
import { edgeKey, GraphView } from './graph-view.ts';
import { again } from './live.ts';
import { notice } from './notice.ts';
import { button, heading, link, panel, state } from './parts.ts';
import { refusalText, review } from './review.ts';
import { to } from './router.ts';
import type { Page } from './router.ts';
import { undoable } from './undo.ts';

/** What has a graph. */
interface Owner {
  readonly kind: 'domain' | 'graph';
  readonly path: string;
  readonly title: string;
  /** Directory of its keys in the store. */
  readonly directory: string;
  /** What a new one begins with. */
  readonly first: object;
  /** What else can be looked at. */
  readonly links: (name: string) => readonly HTMLElement[];
}

const DOMAIN: Owner = {
  kind: 'domain',
  path: 'domains',
  title: 'Domains',
  directory: 'rules',
  first: { init: 'r1', rules: { r1: { type: 'backend', args: { servername: 'web' } } } },
  links: (name) => [
    link(to('explain', [], { url: `http://${name.replace(/^\*\.?/, 'any.')}/` }), 'Explain a request'),
    link(to('requests', [], { domain: name }), 'Its requests'),
  ],
};

const SHARED: Owner = {
  kind: 'graph',
  path: 'graphs',
  title: 'Shared graphs',
  directory: 'graphs',
  first: { init: 'r1', rules: { r1: { type: 'return', args: {} } } },
  links: () => [],
};

/** One domain: its graph with what is walked on it, and its document to be edited. */
export const domainPage: Page = graphPage(DOMAIN);

/** The same of a graph that others include; it is walked as a part of theirs. */
export const sharedGraphPage: Page = graphPage(SHARED);

function graphPage(owner: Owner): Page {
  const { kind, path, title, links } = owner;
  return {
    path,
    title,
    async show(root, place, signal) {
      const name = place.rest[0] ?? '';
      const crumb = link(to(path), title);
      const found = await currentItem(kind, name);
      if (found === null && !place.query.has('edit')) {
        root.append(heading(name, crumb, addLink(owner, name)), await whyMissing(owner, name, signal));
        return;
      }
      const view = new View(owner, name, found?.document, found?.body['graph'] as GraphShape | undefined, signal);
      const actions = element('div', { class: 'actions' });
      const show = (): void => {
        fill(
          actions,
          links(name),
          button('Delete…', () => void remove(owner, name, view.document), 'danger'),
          button('Edit', () => edit(), 'primary'),
        );
      };
      const edit = (): void => {
        fill(actions);
        view.edit((isChanged) => {
          if (view.document === undefined && !isChanged) location.hash = to(path);
          else void view.reload().then(show);
        });
      };
      root.append(heading(name, crumb, actions), view.root);
      if (place.query.has('edit')) edit();
      else show();
      if (kind === 'domain') followEdges(name, signal, (rates) => view.setRates(rates));
      addEventListener('elb-changed', () => void view.reload(), { signal });
      void again(5000, signal, () => view.refresh());
    },
  };
}

class View {
  readonly root: HTMLElement;
  document: unknown;
  readonly #owner: Owner;
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #graph: GraphView;
  readonly #side = element('div', { class: 'side-panel' });
  #shape: GraphShape;
  #rates: ReadonlyMap<string, number> = new Map();
  #chosen: string | null = null;
  #panel: EditPanel | null = null;
  /** Of the drafts, the newest that somebody asked to be drawn. */
  #drafts = 0;

  constructor(owner: Owner, name: string, document: unknown, shape: GraphShape | undefined, signal: AbortSignal) {
    this.#owner = owner;
    this.#name = name;
    this.document = document;
    this.#shape = shape ?? { init: null, nodes: [] };
    this.#signal = signal;
    this.#graph = new GraphView({
      label: `Graph of ${name}; arrow keys go from node to node`,
      onSelect: (node) => this.#choose(node),
    });
    this.root = element(
      'div',
      { class: 'split' },
      element('section', { class: 'panel drawing' }, this.#graph.root),
      this.#side,
    );
    this.#draw(this.#shape, document);
    this.#describe();
  }

  setRates(rates: ReadonlyMap<string, number>): void {
    this.#rates = rates;
    this.#graph.setRates(rates);
    if (this.#panel === null) this.#describe();
  }

  /** Shows what is there now, unless somebody edits. */
  async refresh(): Promise<void> {
    if (this.#panel === null) await this.reload();
  }

  async reload(): Promise<void> {
    const found = await currentItem(this.#owner.kind, this.#name);
    if (found === null || this.#panel !== null || this.#signal.aborted) return;
    if (JSON.stringify(found.document) === JSON.stringify(this.document) && this.#drafts === 0) return;
    this.#drafts = 0;
    this.document = found.document;
    this.#shape = found.body['graph'] as GraphShape; // the API tells it with every one
    this.#draw(this.#shape, found.document);
    this.#describe();
  }

  edit(onEnd: (isChanged: boolean) => void): void {
    this.root.classList.add('editing');
    this.#panel = new EditPanel({
      kind: this.#owner.kind,
      name: this.#name,
      document: this.document,
      draft: this.document ?? this.#owner.first,
      signal: this.#signal,
      onDraft: (text, problems) => void this.#drawDraft(text, problems),
      onEnd: (isChanged) => {
        this.#panel = null;
        this.#drafts++;
        this.root.classList.remove('editing');
        this.#describe();
        onEnd(isChanged);
      },
    });
    fill(this.#side, element('section', { class: 'panel' }, element('h2', {}, 'Document'), this.#panel.root));
    this.#panel.editor.focus();
  }

  #draw(shape: GraphShape, document: unknown): void {
    this.#graph.show(shape, document);
    this.#graph.setRates(this.#rates);
    if (this.#chosen !== null && shape.nodes.some(({ name }) => name === this.#chosen)) this.#graph.mark(this.#chosen);
    else this.#chosen = null;
  }

  async #drawDraft(text: string, problems: readonly Problem[]): Promise<void> {
    const draft = ++this.#drafts;
    try {
      const { body } = await ask('POST', 'graph', { body: text, signal: this.#signal });
      if (draft !== this.#drafts) return;
      this.#draw(body as GraphShape, JSON.parse(text)); // what this call answers
      const steps = problems.map(({ at }) =>
        /^\/rules\/([^/]+)/.exec(at)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~'),
      );
      this.#graph.setWrong(new Set(steps.filter((step) => step !== undefined)));
    } catch (error) {
      // The drawing before stays; the editor tells what is wrong.
      if (!(error instanceof Refused) && !this.#signal.aborted) throw error;
    }
  }

  #choose(node: string): void {
    this.#chosen = node;
    this.#graph.mark(node);
    if (this.#panel === null) this.#describe();
    else this.#panel.editor.reveal(`/rules/${node.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }

  /** What is known of the chosen node, or of the graph. */
  #describe(): void {
    const node = this.#shape.nodes.find(({ name }) => name === this.#chosen);
    const into = this.#rates.get(edgeKey('', '')) ?? 0;
    if (node === undefined) {
      const types = Map.groupBy(this.#shape.nodes, ({ type }) => type);
      const text = `${String(this.#shape.nodes.length)} nodes: ${[...types].map(([type, all]) => `${String(all.length)} ${type}`).join(', ')}`;
      fill(
        this.#side,
        panel(
          'Graph',
          element('p', {}, text),
          element(
            'p',
            { class: 'muted' },
            this.#owner.kind === 'domain' ? `${rate(into)} come in. ` : 'Walked as a part of those who include it. ',
            'Choose a node to see what it does.',
          ),
        ),
      );
      return;
    }
    const said = nodeOf(this.document, node.name);
    const edges = node.edges.map(({ edge, to: target }) => [
      element('dt', {}, edgeLabel(said, edge)),
      element(
        'dd',
        {},
        `→ ${target ?? '403'}`,
        this.#owner.kind === 'domain'
          ? element('span', { class: 'muted' }, rate(this.#rates.get(edgeKey(node.name, edge)) ?? 0))
          : null,
      ),
    ]);
    fill(
      this.#side,
      nodePanel(
        [node.name, element('span', { class: 'type-tag' }, said.type)],
        element('div', {}, element('pre', { class: 'json' }, JSON.stringify(said.args, null, 2)), leadsTo(said)),
        edges.length === 0
          ? element('p', { class: 'muted' }, 'The walk ends here.')
          : element('dl', { class: 'edges' }, edges),
      ),
    );
  }
}

/** Where a node goes beyond its graph: to one that it includes, to another domain, to an upstream. */
function leadsTo({ type, args }: ReturnType<typeof nodeOf>): HTMLElement | null {
  const [path, name] =
    type === 'include'
      ? ['graphs', args['graph']]
      : type === 'goto'
        ? ['domains', args['domain']]
        : ['upstreams', type === 'backend' ? args['servername'] : null];
  if (typeof name !== 'string' || name.includes(':')) return null;
  return element('p', { class: 'muted' }, 'leads to ', link(to(path, [name]), name));
}

function addLink({ path, kind }: Owner, name: string): HTMLElement {
  return link(to(path, [name], { edit: kind }), 'Write it anew');
}

/** What has no good document: there is none, or the store holds one that cannot be used. */
async function whyMissing({ directory, kind }: Owner, name: string, signal: AbortSignal): Promise<HTMLElement> {
  const { rejected } = membersOf(await get('status', {}, signal));
  const rows = Array.isArray(rejected) ? rejected.map(membersOf) : [];
  const found = rows.find((row) => row['key'] === `${directory}/${name}`);
  if (found === undefined)
    return element(
      'p',
      { class: 'muted' },
      kind === 'domain' ? 'There is no such domain.' : 'There is no such shared graph.',
    );
  return panel(state('bad', 'What the store holds of it cannot be used'), element('p', {}, String(found['reason'])));
}

function nodePanel(...children: Parameters<typeof panel>): HTMLElement {
  const one = panel(...children);
  one.classList.add('node-panel');
  return one;
}

async function remove({ kind, path }: Owner, name: string, document: unknown): Promise<void> {
  try {
    const made = await review({
      title: `Delete ${name}`,
      method: 'DELETE',
      resource: kind,
      body: JSON.stringify([name]),
      hasChoice: true,
      verb: 'Delete',
    });
    if (made === null) return;
    undoable(`${name} is deleted.`, made, { kind, name, document });
    location.hash = to(path);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(refusalText(error));
  }
}
