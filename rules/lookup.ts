import { pointerStep } from '../lib/core/problem.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { readerOf, VALUE_PROPERTY, type ValueArgs } from './request-value.ts';

interface Args {
  readonly on: ValueArgs;
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly fields: FieldsArg;
}

/**
 * Looks a value of the request up in a list, tells the server what stands there, and goes on to `next`. A value that is not in the list goes
 * to `missing`.
 *
 *     {"type": "lookup", "args": {"on": {"header": "X-Account"},
 *                                 "values": {"ann": {"plan": "gold", "region": "eu"}, "bob": {"plan": "free"}},
 *                                 "fields": {"X-Plan": "plan", "X-Region": "region"}, "next": "api", "missing": "unknown"}}
 *
 * `on` names the value as in a [`switch`](switch.md), also by a template over several of them. What the client itself says under the names of
 * `fields` is dropped, wherever the request goes on; nodes further on see what the list says: a `rate-limit` by `{"header": "X-Plan"}`, for instance. A list
 * costs the same however long it is. In a shared graph it is one for many domains, with a key of its own in the store.
 */
export const lookup = defineRule<Args>({
  type: 'lookup',
  summary: 'Looks a value up in a list, and tells the server what stands there.',
  args: {
    properties: {
      on: VALUE_PROPERTY,
      values: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
        description: 'what is known of each value: texts by name',
      },
      fields: { ...fieldsProperty('the name in the list'), minProperties: 1 },
    },
    required: ['on', 'values', 'fields'],
    additionalProperties: false,
  },
  edges: ['next', 'missing'],
  compile({ on, values, fields }, context) {
    const { edge, problem } = context;
    const read = readerOf(on, context);
    const identity = new Identity(fields, problem);
    const rows = new Map(Object.entries(values).map(([value, row]) => [value, new Map(Object.entries(row))]));
    for (const [value, row] of rows)
      for (const [name, text] of row)
        if (/[\u0000-\u001f\u007f]/.test(text))
          problem(
            `/values${pointerStep(value)}${pointerStep(name)}`,
            'has a control character, which no field can say',
          );
    const names = new Set([...rows.values()].flatMap((row) => [...row.keys()]));
    for (const [field, name] of Object.entries(fields))
      if (!names.has(name)) problem(`/fields${pointerStep(field)}`, 'is said of none of the values');
    const next = edge('next');
    const missing = edge('missing');
    return (request, plan) => {
      const value = read(request, plan);
      identity.strip(plan);
      const row = value === null ? undefined : rows.get(value);
      if (row === undefined) return missing;
      identity.tell(plan, (name) => row.get(name));
      return next;
    };
  },
});
