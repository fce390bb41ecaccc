import { monotonicMs } from '../core/clock.ts';
import type { ExplainedNode } from '../core/explanation.ts';
import { Edge, type Graph } from './graph.ts';
import type { Plan } from './plan.ts';
import type { Node, RoutedRequest } from './rule.ts';

/**
 * Goes through a graph as `walk` does, over the same compiled nodes, and writes down what each of them has asked of the request,
 * which edge it took, and what it changed in the plan. Counts nothing. A node that throws ends it.
 */
export async function observedWalk(
  graph: Graph,
  request: RoutedRequest,
  plan: Plan,
): Promise<readonly ExplainedNode[]> {
  const steps: ExplainedNode[] = [];
  let edge: Node | null = graph.init;
  while (edge !== null) {
    // An edge counts when it is walked; what it leads to does not.
    const node: Node = edge instanceof Edge ? edge.target : edge;
    const read: Reading[] = [];
    const before = stateOf(plan);
    const since = monotonicMs();
    let next: Node | null = null;
    let failure: string | null = null;
    try {
      // Nodes follow one another: each may depend on what the one before wrote into the plan.
      // oxlint-disable-next-line no-await-in-loop
      next = await node.decide(reading(request, read), plan);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    steps.push({
      node: node.name,
      verdict: next instanceof Edge ? next.edge : null,
      next: next?.name ?? null,
      read,
      changes: changesOf(before, stateOf(plan)),
      ms: monotonicMs() - since,
      failure,
    });
    edge = next;
  }
  return steps;
}

interface Reading {
  readonly what: string;
  readonly value: string | null;
}

/** The same request, which writes down whatever it is asked: once for each thing, in the order of the first question. */
function reading(request: RoutedRequest, read: Reading[]): RoutedRequest {
  const note = (what: string, value: unknown): void => {
    const isTold = value === null || value === undefined || typeof value !== 'object';
    if (!isTold || read.some((known) => known.what === what)) return;
    read.push({ what, value: value === null || value === undefined ? null : cut(String(value)) });
  };
  return new Proxy(request, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof name === 'symbol') return value;
      if (typeof value !== 'function') {
        note(name, value);
        return value;
      }
      return (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args);
        note(`${name} ${args.filter((arg) => typeof arg === 'string').join(' ')}`.trim(), answer);
        return answer;
      };
    },
  });
}

/** What a plan says, by name. */
function stateOf(plan: Plan): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(plan).filter(([name]) => !UNTOLD.has(name)));
}

function changesOf(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): ExplainedNode['changes'] {
  return [...after]
    .filter(([name, value]) => value !== before.get(name))
    .map(([what, value]) => ({ what, before: plain(before.get(what)), after: plain(value) }));
}

/** A value that can go to another process and into JSON: of sets their members, of functions nothing. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value, (_name, one: unknown) => {
      // Where a way goes on is told by its name.
      if (one instanceof Edge) return one.name;
      if (one instanceof Set) return [...one];
      if (one instanceof Map) return Object.fromEntries(one);
      return typeof one === 'string' ? cut(one) : one;
    });
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    // Something that goes round in circles: that it is there has to do.
    return true;
  }
}

function cut(text: string): string {
  return text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}...` : text;
}

/** What belongs to whoever walks, not to the decision. */
const UNTOLD: ReadonlySet<string> = new Set(['trace', 'isObserved', 'returns', 'jumps']);
const MOST_CHARS = 4096;
