import { Fault } from '../lib/core/faults.ts';
import { defineRule } from '../lib/routing/rule.ts';

/**
 * Ends the walk by ending the client's connection, without an answer: for those who are to learn nothing.
 *
 *     {"type": "close", "args": {}}
 */
export const close = defineRule({
  type: 'close',
  summary: 'Closes the connection without an answer.',
  args: { properties: {}, additionalProperties: false },
  edges: [],
  compile: () => (_request, plan) => {
    plan.fault = Fault.CLOSED;
    return null;
  },
});
