// Writes docs/schema/options.json, and the tables of docs/upstreams.md between its markers, from the sections of options.
import { readFileSync, writeFileSync } from 'node:fs';
import type { OptionSchema } from '../lib/upstream/options/section.ts';
import { optionsSchema, sections } from '../lib/upstream/options/index.ts';

const SCHEMA = new URL('../docs/schema/options.json', import.meta.url);
const PAGE = new URL('../docs/upstreams.md', import.meta.url);

/** Both files as they should be. */
export function upstreamOptionFiles(): ReadonlyMap<URL, string> {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "Options of an upstream of ELB: the value of options/$upstream, and of a member of the file's options",
    ...optionsSchema,
  };
  const page = readFileSync(PAGE, 'utf8');
  const tables = Object.entries(sections).map(([name, { summary, schema: section }]) => {
    return `### \`${name}\`\n\n${summary}\n\n${tableOf(section.properties).join('\n')}\n`;
  });
  return new Map([
    [SCHEMA, `${JSON.stringify(schema, null, 2)}\n`],
    [
      PAGE,
      page.replace(
        /(<!-- options begin[^\n]*\n)[^]*(<!-- options end -->)/,
        (_, begin: string, end: string) => `${begin}\n${tables.join('\n')}\n${end}`,
      ),
    ],
  ]);
}

if (import.meta.main) {
  for (const [file, text] of upstreamOptionFiles()) writeFileSync(file, text);
}

function tableOf(properties: Readonly<Record<string, OptionSchema>>): readonly string[] {
  const rows = rowsOf('', properties);
  const cells = [['option', 'value', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows];
  return cells.map((row) => `| ${row.join(' | ')} |`);
}

/** One row per option; those of an object follow it, each with the name of the object before its own. */
function rowsOf(prefix: string, properties: Readonly<Record<string, OptionSchema>>): string[][] {
  return Object.entries(properties).flatMap(([name, option]) => {
    const { default: fallback, properties: inner } = option;
    const shown = inner !== undefined || fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
    // What a schema has as properties are schemas.
    const below =
      inner === undefined ? [] : rowsOf(`${prefix}${name}.`, inner as Readonly<Record<string, OptionSchema>>);
    return [[`\`${prefix}${name}\``, valueOf(option), shown, option.description], ...below];
  });
}

function valueOf({ enum: names, type, title, minimum, maximum }: OptionSchema): string {
  if (Array.isArray(names)) return names.map((name) => `\`${String(name)}\``).join(', ');
  if (title !== undefined) return String(title);
  const range =
    minimum === undefined && maximum === undefined
      ? ''
      : ` from ${String(minimum ?? '-')} to ${String(maximum ?? '-')}`;
  return [type].flat().join(' or ') + range;
}
