// Writes docs/schema/graph.json: the JSON schema of a graph's document, for editors that complete and check it.
import { writeFileSync } from 'node:fs';
import { argsSchema } from '../lib/routing/args-schema.ts';
import { rules } from '../rules/index.ts';

/** docs/schema/graph.json; `test/rules/graph-schema.test.ts` fails when the file differs. */
export function graphSchema(): Readonly<Record<string, unknown>> {
  const all = [...rules.values()];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Graph of a domain, or shared graph, of ELB',
    description: 'A walk begins at `init` and follows edges until a node decides.',
    type: 'object',
    required: ['init', 'rules'],
    properties: {
      init: { type: 'string', description: 'name of the node where a walk begins' },
      rules: {
        type: 'object',
        additionalProperties: { $ref: '#/$defs/node' },
        description: 'nodes by their names',
      },
    },
    $defs: {
      node: {
        type: 'object',
        required: ['type', 'args'],
        properties: {
          type: { enum: all.map(({ type }) => type), description: 'what the node does' },
          args: { type: 'object', description: 'what it does it with, and where it leads' },
        },
        allOf: all.map(({ type, summary }) => ({
          if: { properties: { type: { const: type } }, required: ['type'] },
          // The keyword of JSON schema.
          // oxlint-disable-next-line no-thenable
          then: { description: summary, properties: { args: { $ref: `#/$defs/${type}` } } },
        })),
      },
      ...Object.fromEntries(all.map((rule) => [rule.type, { title: rule.summary, ...argsSchema(rule) }])),
    },
  };
}

if (import.meta.main) {
  const file = new URL('../docs/schema/graph.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify(graphSchema(), null, 2)}\n`);
}
