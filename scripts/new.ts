// Begins a rule with its test: npm run new rule NAME
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Writes a new rule, its test and its place in the list below `root`; answers the files, or why there are none. */
export function newRule(root: string, name: string): readonly string[] | string {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return 'a name is lower-case words with hyphens: rate-limit';
  const [rule, test, index] = [`rules/${name}.ts`, `test/rules/${name}.test.ts`, 'rules/index.ts'];
  for (const file of [rule, test]) if (existsSync(join(root, file))) return `${file} is there already`;
  const identifier = name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const list = readFileSync(join(root, index), 'utf8');
  const listed = list
    .replace(
      "import type { Rule } from '../lib/routing/rule.ts';\n",
      (line) => `${line}import { ${identifier} } from './${name}.ts';\n`,
    )
    .replace('\n];', `\n  ${identifier},\n];`);
  writeFileSync(join(root, rule), ruleText(name, identifier));
  writeFileSync(join(root, test), testText(name, identifier));
  writeFileSync(join(root, index), listed);
  return [rule, test, index];
}

if (import.meta.main) {
  const [kind, name = ''] = process.argv.slice(2);
  const made =
    kind === 'rule'
      ? newRule(fileURLToPath(new URL('..', import.meta.url)), name)
      : 'it makes rules: npm run new rule NAME';
  if (typeof made === 'string') {
    console.error(made);
    process.exit(2);
  }
  console.log(`${made.join('\n')}\n`);
  console.log(
    'Then: its words; a line in docs/rules/README.md; node scripts/rule-pages.ts; node scripts/write-graph-schema.ts.',
  );
}

function ruleText(name: string, identifier: string): string {
  return `import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly value: string;
}

/**
 * Says in one sentence what it does, and goes on to \`next\`.
 *
 *     {"type": "${name}", "args": {"value": "x", "next": "web"}}
 */
export const ${identifier} = defineRule<Args>({
  type: '${name}',
  summary: 'Says in one sentence what it does.',
  args: {
    properties: { value: { type: 'string', description: 'what it is for' } },
    required: ['value'],
    additionalProperties: false,
  },
  edges: ['next'],
  compile({ value }, { edge, problem }) {
    if (value === '') problem('/value', 'is empty');
    const next = edge('next');
    return () => next;
  },
});
`;
}

function testText(name: string, identifier: string): string {
  return `import { expect } from 'chai';
import { ${identifier} } from '../../rules/${name}.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule ${name}', () => {
  ruleContract(${identifier}, [{ value: 'x', next: 'a' }]);

  it('goes on', () => {
    expect(decide(compileNode(${identifier}, { value: 'x', next: 'a' }), {}).edge).to.equal('next');
  });

  for (const [args, at] of [
    [{}, ''],
    [{ value: '' }, '/value'],
  ] as const)
    it(\`refuses \${JSON.stringify(args)}\`, () => {
      expect(problemsOf(${identifier}, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
`;
}
