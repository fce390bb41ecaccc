// Writes docs/schema/graph.json: the JSON schema of a graph's document, for editors that complete and check it.
import { writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { argsSchema } from '../lib/routing/args-schema.ts';
import type { Rule } from '../lib/routing/rule.ts';
import { QUESTION } from '../rules/combine.ts';
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
      question: {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
        properties: Object.fromEntries(all.filter(({ test }) => test !== undefined).map(asQuestion)),
        description: 'a question: the type of a two-way rule, with its args but for edges',
      },
      ...Object.fromEntries(
        all.map((rule) => [rule.type, { title: rule.summary, ...withQuestions(argsSchema(rule)) }]),
      ),
    },
  };
}

/** A two-way rule as `all`, `any` and `not` have it inside of them. */
function asQuestion(rule: Rule): readonly [type: string, schema: Readonly<Record<string, unknown>>] {
  const { properties, ...schema } = argsSchema(rule);
  const own = Object.entries({ ...(properties as object) }).filter(([name]) => !rule.edges.includes(name)); // ours
  return [
    rule.type,
    { description: rule.summary, ...withQuestions({ ...schema, properties: Object.fromEntries(own) }) },
  ];
}

/** A schema that says which questions there are, where the rules only say that there is one. */
function withQuestions(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isQuestion = (value: object): boolean =>
    Object.entries(QUESTION).every(([name, said]) =>
      isDeepStrictEqual(Object.entries(value).find(([own]) => own === name)?.[1], said),
    );
  const replaced = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(replaced);
    if (isQuestion(value)) return { $ref: '#/$defs/question' };
    return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, replaced(own)]));
  };
  return Object.fromEntries(Object.entries(schema).map(([name, own]) => [name, replaced(own)]));
}

if (import.meta.main) {
  const file = new URL('../docs/schema/graph.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify(graphSchema(), null, 2)}\n`);
}
