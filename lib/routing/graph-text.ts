import { isObject } from './check-document.ts';

/** The args of a node. */
type Args = Readonly<Record<string, unknown>>;

/** Of a node, by its place in the graph. */
export interface OtherArgs {
  readonly node: number;
  readonly args: Args;
}

/**
 * The text of a graph, cut where the args of its nodes are. A text that is the same between its args says the same graph with other args, and
 * no more of it has to be parsed than those that are others.
 */
export class GraphText {
  /** What stands before the args of each node, and behind those of the last. */
  readonly #between: readonly string[];
  /** Of each node, in the order of the graph. */
  readonly #args: readonly string[];

  private constructor(between: readonly string[], args: readonly string[]) {
    this.#between = between;
    this.#args = args;
  }

  /** `rules`: nodes that each have args. Null where the text cannot be cut. */
  static of(document: { readonly rules: Readonly<Record<string, { readonly args: Args }>> }): GraphText | null {
    const nodes = Object.entries(document.rules);
    const marked = nodes.map(([name, node]) => [name, { ...node, args: MARK }]);
    const between = JSON.stringify({ ...document, rules: Object.fromEntries(marked) }).split(JSON.stringify(MARK));
    if (between.length !== nodes.length + 1) return null;
    return new GraphText(
      between,
      nodes.map(([, { args }]) => JSON.stringify(args)),
    );
  }

  /**
   * The args in which a text is another than this one. Null where it may be another graph. What is answered is right wherever
   * the text was cut: JSON in the places of JSON can be read in one way only.
   */
  otherArgs(text: string): readonly OtherArgs[] | null {
    const others: OtherArgs[] = [];
    let at = 0;
    for (let i = 0; i < this.#args.length; i++) {
      const [before = '', args = ''] = [this.#between[i], this.#args[i]];
      if (!hasAt(text, before, at)) return null;
      at += before.length;
      if (hasAt(text, args, at)) at += args.length;
      else {
        const end = this.#endOfArgs(text, i, at);
        const found = parsedArgs(text.slice(at, end));
        if (found === null) return null;
        others.push({ node: i, args: found });
        at = end;
      }
    }
    const last = this.#between[this.#args.length] ?? '';
    return at + last.length === text.length && text.endsWith(last) ? others : null;
  }

  /** Where what stands behind a node's args begins, or would. */
  #endOfArgs(text: string, i: number, from: number): number {
    const behind = this.#between[i + 1] ?? '';
    return i + 1 < this.#args.length ? text.indexOf(behind, from) : text.length - behind.length;
  }
}

/** As `startsWith`, of which V8 compares one character after the other: a quarter of the time. */
function hasAt(text: string, part: string, at: number): boolean {
  return text.slice(at, at + part.length) === part;
}

function parsedArgs(text: string): Args | null {
  try {
    const args: unknown = JSON.parse(text);
    return isObject(args) ? args : null;
  } catch {
    return null;
  }
}

/** Stands for args. In a graph that has it for a value the args are not found. */
const MARK = '\0args';
