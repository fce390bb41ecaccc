import { defineRule } from '../lib/routing/rule.ts';
import { refusedName } from './backend-fields.ts';
import { FIELD_EDITS, type FieldEdits } from './field-edits.ts';
import { FieldTemplates } from './field-templates.ts';

/**
 * Changes the fields of the request that a server gets, and goes on to `next`.
 *
 *     {"type": "request-headers", "args": {"set": {"X-Team": "a"}, "add": {"X-Via": "elb"}, "remove": ["X-Debug"],
 *                                          "rename": {"X-Old": "X-New"}, "next": "web"}}
 *     {"type": "request-headers", "args": {"set": {"X-User": "${claim.sub}", "X-Tenant": "${param.tenant|none}"}, "next": "web"}}
 *
 * `set` replaces all fields of a name, `add` puts one more behind them, `remove` takes them out, `rename` sends them under another
 * name. Values are [templates](templates.md). Where several nodes of a walk change one field, the last one counts; `backend` comes last of all. Nodes behind this one still
 * see the request as the client sent it. Fields of the connection and of the framing cannot be changed.
 */
export const requestHeaders = defineRule<FieldEdits>({
  type: 'request-headers',
  summary: 'Changes fields of the forwarded request.',
  args: FIELD_EDITS,
  edges: ['next'],
  compile({ set = {}, add = {}, remove = [], rename = {} }, context) {
    const { edge, problem } = context;
    const next = edge('next');
    const fixed = new FieldTemplates(set, '/set', context);
    const added = new FieldTemplates(add, '/add', context);
    const renamed = Object.entries(rename);
    const dropped = [...remove, ...Object.keys(rename)].map((name) => name.toLowerCase());
    for (const [i, name] of remove.entries()) report(name, `/remove/${i}`);
    for (const [from, to] of renamed) {
      report(from, `/rename/${from}`);
      report(to, `/rename/${from}`);
    }
    return (request, plan) => {
      if (dropped.length > 0) plan.drop(dropped);
      plan.set(fixed.for(request, plan));
      for (const [from, to] of renamed) {
        const value = request.field(from.toLowerCase());
        if (value !== null) plan.set([to, value]);
      }
      const more = added.for(request, plan);
      for (let i = 0; i + 1 < more.length; i += 2) {
        const [name = '', value = ''] = [more[i], more[i + 1]];
        const before = request.field(name.toLowerCase());
        plan.set(before === null ? [name, value] : [name, before, name, value]);
      }
      return next;
    };

    function report(name: string, at: string): void {
      const reason =
        name.toLowerCase() === 'host' ? 'is Host, which every request has; set it instead' : refusedName(name);
      if (reason !== null) problem(at, reason);
    }
  },
});
