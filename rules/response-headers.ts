import { defineRule } from '../lib/routing/rule.ts';
import { fieldsOf, refusedName } from './backend-fields.ts';
import { FIELD_EDITS, type FieldEdits } from './field-edits.ts';
import { fieldLines } from './field-lines.ts';

const { rename: _, ...properties } = FIELD_EDITS.properties;

/**
 * Changes the fields of the reply that the client gets, and goes on to `next`.
 *
 *     {"type": "response-headers", "args": {"set": {"Strict-Transport-Security": "max-age=31536000"}, "remove": ["Server", "X-Powered-By"],
 *                                           "next": "web"}}
 *
 * `set` replaces all fields of a name, `add` puts one more behind them, `remove` takes them out. Where several nodes of a walk change one
 * field, the last one counts. It holds for replies of servers and for `respond` and `redirect`, not for errors of ELB's own. Fields of the
 * connection and of the framing cannot be changed.
 */
export const responseHeaders = defineRule<Omit<FieldEdits, 'rename'>>({
  type: 'response-headers',
  summary: 'Changes fields of the reply.',
  args: { ...FIELD_EDITS, properties },
  edges: ['next'],
  compile({ set = {}, add = {}, remove = [] }, { edge, problem }) {
    const next = edge('next');
    for (const [i, name] of remove.entries()) {
      const reason = refusedName(name);
      if (reason !== null) problem(`/remove/${i}`, reason);
    }
    const replaced = fieldsOf(set, { problem: () => undefined }).filter((__, i) => i % 2 === 0);
    const drop = [...replaced, ...remove].map((name) => name.toLowerCase());
    const edit = { drop, lines: fieldLines(set, '/set', problem) + fieldLines(add, '/add', problem) };
    return (_request, plan) => {
      plan.editReply(edit);
      return next;
    };
  },
});
