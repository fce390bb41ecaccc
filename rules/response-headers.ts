import { defineRule } from '../lib/routing/rule.ts';
import { compileReplyTemplate } from '../lib/routing/template.ts';
import { refusedName } from './backend-fields.ts';
import { MAX_REPLY, readable, replyBodyBytes, type MaxReplyArgs } from './reply-body-bytes.ts';
import { FIELD_EDITS, type FieldEdits } from './field-edits.ts';
import { FieldTemplates, linesOf } from './field-templates.ts';

const { rename: _, ...properties } = FIELD_EDITS.properties;

/**
 * Changes the fields of the reply that the client gets, and goes on to `next`.
 *
 *     {"type": "response-headers", "args": {"set": {"Strict-Transport-Security": "max-age=31536000"}, "remove": ["Server", "X-Powered-By"],
 *                                           "next": "web"}}
 *     {"type": "response-headers", "args": {"set": {"Server-Timing": "${reply.header.X-Runtime|0};desc=${reply.status}"}, "next": "web"}}
 *
 * `set` replaces all fields of a name, `add` puts one more behind them, `remove` takes them out. Values are [templates](templates.md),
 * which know the reply, too: `${reply.status}`, and `${reply.header.NAME}` as it comes. Where they have `${reply.body}`, or a
 * member of it where it is JSON (`${reply.body.user.id}`), the reply is held back until its body is there, up to `max_reply` bytes, and the server is not asked for
 * a compressed one; of a larger or compressed one nothing is known, and it goes on as it comes. Where several nodes of a walk change one field, the last
 * one counts. It holds for every reply to a request that has come by here: of servers, of the graph, and the errors of ELB's own, as a 502 or 503.
 * Fields of the connection and of the framing cannot be changed.
 */
export const responseHeaders = defineRule<Omit<FieldEdits, 'rename'> & MaxReplyArgs>({
  type: 'response-headers',
  summary: 'Changes fields of the reply.',
  args: { ...FIELD_EDITS, properties: { ...properties, max_reply: MAX_REPLY } },
  edges: ['next'],
  compile(args, context) {
    const { set = {}, add = {}, remove = [] } = args;
    const { edge, problem } = context;
    const next = edge('next');
    for (const [i, name] of remove.entries()) {
      const reason = refusedName(name);
      if (reason !== null) problem(`/remove/${i}`, reason);
    }
    const replaced = new FieldTemplates(set, '/set', context, compileReplyTemplate);
    const added = new FieldTemplates(add, '/add', context, compileReplyTemplate);
    const drop = [...replaced.names, ...remove].map((name) => name.toLowerCase());
    if (replaced.constant !== null && added.constant !== null) {
      const edit = { drop, lines: linesOf(replaced.constant) + linesOf(added.constant) };
      return (_request, plan) => {
        plan.editReply(edit);
        return next;
      };
    }
    const bodyBytes = replyBodyBytes(replaced.needsBody || added.needsBody, args);
    if (replaced.isLate || added.isLate)
      return (request, plan) => {
        const late = [...replaced.lateLines(request, plan), ...added.lateLines(request, plan)];
        plan.editReply({ drop, lines: '', late, ...(bodyBytes > 0 && { bodyBytes }) });
        if (bodyBytes > 0) readable(plan);
        return next;
      };
    return (request, plan) => {
      plan.editReply({ drop, lines: replaced.lines(request, plan) + added.lines(request, plan) });
      return next;
    };
  },
});
