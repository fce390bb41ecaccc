// Writes docs/rules/<type>.md for every rule: its summary, its args and the doc comment of its file.
import { readFileSync, writeFileSync } from 'node:fs';
import { argsSchema } from '../lib/routing/args-schema.ts';
import type { Rule } from '../lib/routing/rule.ts';
import { rules } from '../rules/index.ts';

/** The pages by file name. */
export function rulePages(): ReadonlyMap<string, string> {
  return new Map([...rules.values()].map((rule) => [`${rule.type}.md`, pageOf(rule)]));
}

if (import.meta.main) {
  for (const [file, page] of rulePages()) writeFileSync(new URL(`../docs/rules/${file}`, import.meta.url), page);
}

function pageOf(rule: Rule): string {
  const schema = argsSchema(rule);
  // The contract of rules demands this shape.
  const properties = schema['properties'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(properties).map(([name, property]) => {
    const type = [property['type']].flat().join(' or ');
    const fallback = required.includes(name)
      ? 'required'
      : JSON.stringify(property['default'] ?? null).replace('null', '');
    return ['', `\`${name}\``, type, fallback, String(property['description']), ''];
  });
  const others = schema['additionalProperties'] === false ? 'Any other arg is a mistake.' : 'Any other arg is allowed.';
  const table = [['', 'arg', 'type', 'default', 'meaning', ''], ['', '---', '---', '---', '---', ''], ...rows];
  return `<!-- Written by scripts/rule-pages.ts. -->

# ${rule.type}

${rule.summary}

${docComment(rule)}

## Args

${table.map((cells) => cells.join(' | ').trim()).join('\n')}

${others}
`;
}

/** The comment above the rule in its file, examples as blocks. */
function docComment(rule: Rule): string {
  const source = readFileSync(new URL(`../rules/${rule.type}.ts`, import.meta.url), 'utf8');
  const end = source.indexOf(`*/\nexport const `);
  const lines = source.slice(source.lastIndexOf('/**\n', end) + 4, end).split('\n');
  return lines
    .map((line) => line.replace(/^ \* ?/, '').trimEnd())
    .join('\n')
    .trim();
}
