import { drawn, element, fill } from './element.ts';
import { rate as rateText } from './format.ts';
import { edgeLabel, nodeOf, summaryOf } from './graph-model.ts';
import type { GraphNode, GraphShape } from './graph-model.ts';
import type { Box } from './layers.ts';
import { layout } from './layout.ts';
import type { Placed, Route } from './layout.ts';

/** A step of a walk: the node, and the edge that was taken from it; null: it ended there. */
export interface Step {
  readonly node: string;
  readonly verdict: string | null;
}

export interface GraphViewOptions {
  /** Somebody has chosen a node. */
  readonly onSelect?: (name: string) => void;
  /** What it is a picture of, for those who hear it. */
  readonly label: string;
}

const WIDTH = 176;
/** Between two edges that leave a node: what is said above one, and how much is walked below it. */
const LINE = 36;
const GAPS = { column: 136, row: 26 };
const MARGIN = { x: 66, y: 18 };
/** Edges go level for so long at first, beside what is said of them. */
const LEVEL = 72;
/** Drawings that are too wide are made smaller, as long as they can be read. */
const SMALLEST = 0.7;

/** A graph as a drawing: nodes as cards from left to right, edges with what is walked on them. Arrow keys go from node to node. */
export class GraphView {
  readonly root: HTMLElement;
  readonly #options: GraphViewOptions;
  #nodes = new Map<string, { readonly group: SVGGElement; readonly place: Placed; readonly node: GraphNode }>();
  #edges = new Map<
    string,
    { readonly group: SVGGElement; readonly rate: SVGTextElement; readonly to: string | null }
  >();
  #shape: GraphShape = { init: null, nodes: [] };

  constructor(options: GraphViewOptions) {
    this.#options = options;
    this.root = element('div', { class: 'graph', tabindex: '0', role: 'group', 'aria-label': options.label });
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
  }

  show(shape: GraphShape, document: unknown): void {
    this.#shape = shape;
    this.#nodes = new Map();
    this.#edges = new Map();
    if (shape.nodes.length === 0) {
      fill(this.root, element('p', { class: 'muted' }, 'This graph has no nodes.'));
      return;
    }
    const names = new Set(shape.nodes.map(({ name }) => name));
    const boxes = shape.nodes.map((node) => boxOf(node, names));
    const byName = new Map(boxes.map((box) => [box.name, box]));
    const { width, height, places, routes } = layout(boxes, shape.init, GAPS);
    const lines = routes.map((route) => this.#edge(route, edgeLabel(nodeOf(document, route.from), route.edge), height));
    const reached = reachedFrom(shape);
    const cards = shape.nodes.map((node) => {
      const place = places.get(node.name) ?? { x: 0, y: 0 };
      const said = nodeOf(document, node.name);
      const box = byName.get(node.name);
      const stubs = node.edges
        .map(({ edge, to }, i) => ({ edge, to, y: portY(node.edges.length, i) }))
        .filter(({ to }) => to === null || !names.has(to))
        .map(({ edge, to, y }) =>
          this.#stub(node.name, edge, edgeLabel(said, edge), to, { x: place.x + WIDTH, y: place.y + y }),
        );
      const summary = summaryOf(said, node.edges);
      const group = card(node, summary, box?.height ?? 0, place, reached.has(node.name), node.name === shape.init);
      group.addEventListener('click', () => group.focus({ preventScroll: true }));
      group.addEventListener('focus', () => this.#options.onSelect?.(node.name));
      this.#nodes.set(node.name, { group, place, node });
      return [...stubs, group];
    });
    const right = Math.max(...[...places.values()].map(({ x }) => x));
    const stubsAtEnd = shape.nodes.some(({ name, edges }) => edges.length > 0 && places.get(name)?.x === right);
    const start = shape.init === null ? undefined : places.get(shape.init);
    const entry = start === undefined ? [] : [this.#entry(start, byName.get(shape.init ?? '')?.height ?? 0)];
    const size = { width: width + MARGIN.x + 16 + (stubsAtEnd ? LEVEL : 0), height: height + MARGIN.y * 2 };
    const box = `${-MARGIN.x} ${-MARGIN.y} ${size.width} ${size.height}`;
    const svg = drawn('svg', { ...size, viewBox: box, role: 'presentation' }, markers(), entry, lines, cards);
    svg.style.minWidth = `${size.width * SMALLEST}px`;
    fill(this.root, svg);
  }

  /** Marks a node as the chosen one. */
  mark(name: string): void {
    for (const [one, { group }] of this.#nodes) group.classList.toggle('chosen', one === name);
  }

  /** By node and edge (`r1 succ`; one space for the step into the graph): how often a second it is walked now. */
  setRates(rates: ReadonlyMap<string, number>): void {
    const most = Math.max(...rates.values(), 0.001);
    for (const [key, { group, rate }] of this.#edges) {
      const now = rates.get(key) ?? 0;
      rate.textContent = now > 0 ? rateText(now) : '';
      group.classList.toggle('live', now > 0);
      group.style.setProperty('--flow', String(now > 0 ? 1.4 + 2.6 * Math.sqrt(now / most) : 1.2));
    }
  }

  /** Lights up a walk; null: everything is shown as usual. */
  light(steps: readonly Step[] | null): void {
    this.root.classList.toggle('has-walk', steps !== null);
    const nodes = new Set(steps?.map(({ node }) => node));
    const edges = new Set(steps?.map(({ node, verdict }) => (verdict === null ? '' : edgeKey(node, verdict))));
    if (steps !== null && steps.length > 0) edges.add(edgeKey('', ''));
    for (const [name, { group }] of this.#nodes) group.classList.toggle('walked', nodes.has(name));
    for (const [key, { group }] of this.#edges) group.classList.toggle('walked', edges.has(key));
  }

  /** Marks the nodes that something is wrong with. */
  setWrong(names: ReadonlySet<string>): void {
    for (const [name, { group }] of this.#nodes) group.classList.toggle('wrong', names.has(name));
  }

  #edge(route: Route, label: string, height: number): SVGGElement {
    const [start = { x: 0, y: 0 }] = route.points;
    const path = route.back ? aroundPath(route.points, height) : pathOf(route.points);
    const group = this.#line(route.from, route.edge, route.to, path, label, start);
    if (route.back) group.classList.add('back');
    return group;
  }

  #stub(from: string, edge: string, label: string, to: string | null, at: Placed): SVGGElement {
    const group = this.#line(from, edge, to, `M${at.x} ${at.y}h${LEVEL}`, label, at);
    const text = to === null ? '403' : `${to}?`;
    group.classList.add(to === null ? 'missing' : 'dangling');
    group.append(drawn('text', { class: 'end', x: at.x + LEVEL + 6, y: at.y + 4 }, text));
    return group;
  }

  #entry(place: Placed, height: number): SVGGElement {
    const at = { x: place.x - 56, y: place.y + height / 2 };
    const group = this.#line('', '', this.#shape.init, `M${at.x} ${at.y}h56`, '', at);
    group.prepend(drawn('circle', { class: 'entry', cx: at.x, cy: at.y, r: 4 }));
    return group;
  }

  #line(from: string, edge: string, to: string | null, path: string, label: string, at: Placed): SVGGElement {
    const isEntry = from === '';
    const rate = drawn('text', { class: 'rate', x: at.x + 7, y: at.y + (isEntry ? -8 : 13) });
    const title = isEntry ? 'into the graph' : `${from} ${edge} → ${to ?? '403'}`;
    const group = drawn(
      'g',
      { class: 'edge', 'data-edge': edgeKey(from, edge) },
      drawn('title', {}, title),
      drawn('path', { class: 'line', d: path, 'marker-end': 'url(#arrow)' }),
      label === '' ? null : drawn('text', { class: 'label', x: at.x + 7, y: at.y - 5 }, cut(label, 12)),
      rate,
    );
    this.#edges.set(edgeKey(from, edge), { group, rate, to });
    return group;
  }

  #onKey(event: KeyboardEvent): void {
    const key = event.key.replace('Arrow', '');
    if (!['Left', 'Right', 'Up', 'Down'].includes(key) || event.altKey || event.ctrlKey || event.metaKey) return;
    const current = [...this.#nodes].find(([, { group }]) => group === document.activeElement);
    const next = current === undefined ? this.#shape.init : this.#neighbour(current[0], key);
    if (current === undefined && event.target !== this.root) return;
    event.preventDefault();
    const found = next === null ? undefined : this.#nodes.get(next);
    found?.group.focus();
    found?.group.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** To the right along the first edge, to the left back, up and down to the nearest one in the column. */
  #neighbour(name: string, key: string): string | null {
    const here = this.#nodes.get(name);
    if (here === undefined) return null;
    if (key === 'Right') return here.node.edges.find(({ to }) => to !== null && this.#nodes.has(to))?.to ?? null;
    const nodes = [...this.#nodes];
    if (key === 'Left') {
      return nodes.find(([, { node }]) => node.edges.some(({ to }) => to === name))?.[0] ?? null;
    }
    const sign = key === 'Up' ? -1 : 1;
    const column = nodes.filter(([, { place }]) => place.x === here.place.x && (place.y - here.place.y) * sign > 0);
    column.sort(([, a], [, b]) => (a.place.y - b.place.y) * sign);
    return column[0]?.[0] ?? null;
  }
}

export function edgeKey(node: string, edge: string): string {
  return `${node} ${edge}`;
}

function boxOf(node: GraphNode, names: ReadonlySet<string>): Box {
  const ports = node.edges.flatMap(({ edge, to }, i) =>
    to === null || !names.has(to) ? [] : [{ edge, to, y: portY(node.edges.length, i) }],
  );
  return { name: node.name, width: WIDTH, height: heightOf(node.edges.length), ports };
}

function heightOf(edges: number): number {
  return Math.max(52, edges * LINE - 4);
}

function portY(edges: number, i: number): number {
  return (heightOf(edges) / edges) * (i + 0.5);
}

function card(
  node: GraphNode,
  summary: string,
  height: number,
  place: Placed,
  isReached: boolean,
  isInit: boolean,
): SVGGElement {
  const isEnd = node.edges.length === 0;
  const label = `${node.name}, ${node.type || 'no type'}${summary === '' ? '' : `: ${summary}`}${isInit ? ', the walk begins here' : ''}`;
  return drawn(
    'g',
    {
      class: `node${isEnd ? ' end' : ''}${isReached ? '' : ' unreached'}`,
      transform: `translate(${place.x} ${place.y})`,
      tabindex: '-1',
      role: 'button',
      'aria-label': label,
      'data-node': node.name,
      'data-type': node.type,
    },
    drawn('title', {}, isReached ? label : `${label} (no edge leads here)`),
    drawn('rect', { width: WIDTH, height, rx: isEnd ? 26 : 7 }),
    drawn('text', { class: 'name', x: isEnd ? 20 : 12, y: height / 2 - 5 }, cut(node.name, 13)),
    drawn('text', { class: 'type', x: WIDTH - (isEnd ? 20 : 12), y: height / 2 - 5 }, cut(node.type, 14)),
    drawn('text', { class: 'summary', x: isEnd ? 20 : 12, y: height / 2 + 13 }, cut(summary, isEnd ? 20 : 23)),
  );
}

function markers(): SVGDefsElement {
  const shape = {
    viewBox: '0 0 8 8',
    refX: 7,
    refY: 4,
    markerWidth: 8,
    markerHeight: 8,
    markerUnits: 'userSpaceOnUse',
  };
  return drawn(
    'defs',
    {},
    drawn('marker', { id: 'arrow', orient: 'auto', ...shape }, drawn('path', { class: 'tip', d: 'M0 0.5L7 4L0 7.5z' })),
  );
}

/** Level at both ends of each bend. */
function pathOf(points: readonly Placed[]): string {
  return points
    .map(({ x, y }, i) => {
      const last = points[i - 1];
      if (last === undefined) return `M${x} ${y}`;
      if (last.y === y) return `L${x} ${y}`;
      const begin = last.x + (i === 1 ? LEVEL : 0);
      const bend = Math.min(60, (x - begin) / 2);
      return `L${begin} ${last.y}C${begin + bend} ${last.y} ${x - bend} ${y} ${x} ${y}`;
    })
    .join('');
}

/** Below everything, back to the left. */
function aroundPath(points: readonly Placed[], height: number): string {
  const [a = { x: 0, y: 0 }, b = a] = points;
  const low = height + 10;
  return `M${a.x} ${a.y}C${a.x + 60} ${a.y} ${a.x + 60} ${low} ${a.x} ${low}L${b.x} ${low}C${b.x - 60} ${low} ${b.x - 60} ${b.y} ${b.x} ${b.y}`;
}

function reachedFrom({ init, nodes }: GraphShape): ReadonlySet<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reached = new Set<string>(init === null ? [] : [init]);
  // A set is walked in the order in which it grows.
  for (const name of reached) {
    for (const { to } of byName.get(name)?.edges ?? []) if (to !== null) reached.add(to);
  }
  return reached;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
