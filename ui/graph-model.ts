/** A graph as the API tells it for drawing. */
export interface GraphShape {
  readonly init: string | null;
  readonly nodes: readonly GraphNode[];
}

export interface GraphNode {
  readonly name: string;
  readonly type: string;
  readonly edges: readonly { readonly edge: string; readonly to: string | null }[];
}

/** What a document says of a node; empty where it says nothing. */
export interface NodeDocument {
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export function nodeOf(document: unknown, name: string): NodeDocument {
  const node = membersOf(membersOf(membersOf(document)['rules'])[name]);
  return { type: typeof node['type'] === 'string' ? node['type'] : '', args: membersOf(node['args']) };
}

/** What a node does, in a few words. */
export function summaryOf({ type, args }: NodeDocument, edges: GraphNode['edges']): string {
  if (type === 'backend') {
    const target = args['servername'];
    return typeof target === 'string' ? target : (Object.keys(membersOf(target))[0] ?? 'no server: 404');
  }
  const targets = new Set(edges.map(({ edge }) => edge.split('/')[0]));
  const own = Object.entries(args).filter(([name]) => !targets.has(name));
  const [first] = own;
  if (own.length === 1 && first !== undefined) return wordsOf(first[1]);
  return own.map(([name, value]) => (value === true ? name : `${name} ${wordsOf(value)}`)).join(', ');
}

/** What an edge is called where it is drawn: `succ`, or what its case or part says. */
export function edgeLabel({ args }: NodeDocument, edge: string): string {
  const [list = '', index] = edge.split('/');
  const all = args[list];
  if (index === undefined || !Array.isArray(all)) return edge;
  const { to: _, ...said } = membersOf(all[Number(index)]);
  if (typeof said['weight'] === 'number') {
    const total = all.reduce((sum: number, part: unknown) => sum + Number(membersOf(part)['weight'] ?? 0), 0);
    return `${String(Math.round((said['weight'] / (total || 1)) * 1000) / 10)} %`;
  }
  const [value] = Object.values(said);
  return value === undefined ? edge : wordsOf(value);
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(wordsOf).join(' | ');
  return (JSON.stringify(value) ?? '')
    .replaceAll(/[{}"]/g, '')
    .replaceAll(/[,:]/g, (mark) => (mark === ',' ? ', ' : ' '));
}

/** The members of an object; none where it is not one. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  // An object has members of any type.
  return isObject ? (value as Record<string, unknown>) : {};
}
