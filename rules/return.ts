import { Fault } from '../lib/core/faults.ts';
import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly exit?: string;
}

/**
 * Leaves a shared graph: the walk goes on behind the `include` that has led into it, at its `next`, or at the node that it has for `exit`.
 *
 *     {"type": "return", "args": {}}
 *     {"type": "return", "args": {"exit": "staff"}}
 *
 * An `include` without such an exit answers 403. It can stand in shared graphs only.
 */
export const returnRule = defineRule<Args>({
  type: 'return',
  summary: 'Leaves a shared graph.',
  args: {
    properties: {
      exit: { type: 'string', pattern: '^[\\w-]+$', description: 'name of the exit; without it, the usual one' },
    },
    additionalProperties: false,
  },
  edges: [],
  compile({ exit = '' }) {
    return (_request, plan) => {
      const to = plan.returns?.exits.get(exit);
      plan.returns = plan.returns === null ? null : plan.returns.before;
      if (to !== undefined) return to;
      plan.fault = Fault.FORBIDDEN;
      return null;
    };
  },
});
