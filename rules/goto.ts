import { Fault } from '../lib/core/faults.ts';
import { checkDomainName } from '../lib/routing/domain-name.ts';
import { enterGraph } from '../lib/routing/enter-graph.ts';
import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly domain: string;
}

/**
 * Goes on in the graph of another domain, and does not come back.
 *
 *     {"type": "goto", "args": {"domain": "www.shop.test"}}
 *
 * `domain` is the name of a domain as it was put, `*.shop.test` and `*` among them; the request keeps its host. A change of that graph takes
 * effect here, too. A domain that does not exist answers 404, and holds a document back as a missing upstream does. Graphs that lead
 * back to each other, over `goto` and `include`, are refused.
 */
export const gotoRule = defineRule<Args>({
  type: 'goto',
  summary: "Goes on in another domain's graph.",
  args: {
    properties: { domain: { type: 'string', minLength: 1, description: 'name of the domain' } },
    required: ['domain'],
    additionalProperties: false,
  },
  edges: [],
  domains: ({ domain }) => [domain],
  compile({ domain }, { means, problem }) {
    const wrong = checkDomainName(domain);
    if (wrong !== null) problem('/domain', wrong);
    return (_request, plan) => {
      // Whoever was to come back here does not: the walk goes on as that domain's own.
      plan.returns = null;
      return enterGraph(plan, means.domain(domain), Fault.NO_DOMAIN);
    };
  },
});
