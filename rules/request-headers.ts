import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type RoutedRequest } from '../lib/routing/rule.ts';
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
    const renamed = Object.entries(rename).map(([from, to]) => ({ to, lowerFrom: from.toLowerCase() }));
    const dropped = [...remove, ...Object.keys(rename)].map((name) => name.toLowerCase());
    const lowerAdded = added.names.map((name) => name.toLowerCase());
    for (const [i, name] of remove.entries()) report(name, `/remove/${i}`);
    for (const [from, to] of Object.entries(rename)) {
      report(from, `/rename/${from}`);
      report(to, `/rename/${from}`);
    }
    // Names that more than one part of the args says something of, which are looked for in what was said before.
    const named = [...new Set(fixed.names), ...renamed.map(({ to }) => to), ...new Set(added.names)];
    const isApart = new Set(named.map((name) => name.toLowerCase())).size === named.length;
    const isFixed = renamed.length === 0 && lowerAdded.length === 0;

    return (request, plan) => {
      plan.drop(dropped);
      plan.set(isFixed ? fixed.for(request, plan) : edited(request, plan));
      return next;
    };

    function edited(request: RoutedRequest, plan: Plan): readonly string[] {
      let all = fixed.for(request, plan).slice();
      for (const { lowerFrom, to } of renamed) {
        const value = request.field(lowerFrom);
        if (value === null) continue;
        if (!isApart) all = all.filter((_, i) => all[i - (i % 2)]?.toLowerCase() !== to.toLowerCase());
        all.push(to, value);
      }
      const more = added.for(request, plan);
      for (const [i, lowerName] of lowerAdded.entries()) {
        const name = more[2 * i] ?? '';
        // The client's own stand in front, unless something stands there already, or they are taken out.
        const isFirst = lowerName !== lowerAdded[i - 1] && !dropped.includes(lowerName);
        const before = isFirst && (isApart || !hasName(all, lowerName)) ? request.field(lowerName) : null;
        if (before !== null) all.push(name, before);
        all.push(name, more[2 * i + 1] ?? '');
      }
      return all;
    }

    function report(name: string, at: string): void {
      const reason =
        name.toLowerCase() === 'host' ? 'is Host, which every request has; set it instead' : refusedName(name);
      if (reason !== null) problem(at, reason);
    }
  },
});

function hasName(fields: readonly string[], lowerName: string): boolean {
  return fields.some((name, i) => i % 2 === 0 && name.toLowerCase() === lowerName);
}
