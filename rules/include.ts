import { Fault } from '../lib/core/faults.ts';
import { enterGraph } from '../lib/routing/enter-graph.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';

interface Args {
  readonly graph: string;
  readonly exits?: Readonly<Record<string, string | null>>;
}

/**
 * Walks through a shared graph, and goes on to `next` where that returns.
 *
 *     {"type": "include", "args": {"graph": "signed-in", "next": "shop"}}
 *     {"type": "include", "args": {"graph": "signed-in", "exits": {"staff": "admin"}, "next": "shop"}}
 *
 * Shared graphs are documents like those of domains, under names of their own (`/$ELBNAME/graphs/$name`, section `graphs` of a file,
 * `/__erulb__/graph`). One that decides by itself is done; a `return` in it comes back here, to `next`, or to the node that `exits` has for
 * the exit it names. A change of a shared graph takes effect in all that include it, and costs what it costs to change one. A graph that
 * does not exist answers 500, and holds a document back as a missing upstream does. Graphs that lead back to each other, over `goto` and
 * `include`, are refused.
 */
export const include = defineRule<Args>({
  type: 'include',
  summary: 'Walks through a shared graph.',
  args: {
    properties: {
      graph: { type: 'string', minLength: 1, description: 'name of the shared graph' },
      exits: {
        type: 'object',
        propertyNames: { pattern: '^[\\w-]+$' },
        additionalProperties: { type: ['string', 'null'] },
        description: 'next nodes by names of exits',
      },
    },
    required: ['graph'],
    additionalProperties: false,
  },
  edges: ['next'],
  moreEdges: ({ exits = {} }) => Object.keys(exits).map((name) => `exits/${name}`),
  graphs: ({ graph }) => [graph],
  compile({ graph, exits = {} }, { edge, means }) {
    const ways = new Map<string, Node>([['', edge('next')]]);
    for (const name of Object.keys(exits)) ways.set(name, edge(`exits/${name}`));
    return (_request, plan) => {
      plan.returns = { exits: ways, before: plan.returns };
      return enterGraph(plan, means.graph(graph), Fault.BROKEN_GRAPH);
    };
  },
});
