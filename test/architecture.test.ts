import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_LINES = 330;

/** Words that name no idea. */
const EMPTY_WORDS = /util|helper|common|manager|service|misc/i;

describe('architecture', () => {
  const table = readTable(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'));
  const files = globSync('{lib,rules,api,ctl,ui,bin}/**/*.ts', { cwd: ROOT }).toSorted();
  const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

  it('has a row for every file, and a file for every row', () => {
    const rows = new Set(table.map((row) => row.part));
    expect(files.filter((file) => rowOf(table, file) === undefined)).to.deep.equal([]);
    for (const file of files) rows.delete(rowOf(table, file)?.part ?? '');
    expect([...rows]).to.deep.equal([]);
  });

  it('imports nothing that its table does not allow', () => {
    const wrong = files.flatMap((file) => violations(table, file, sources.get(file) ?? ''));
    expect(wrong).to.deep.equal([]);
  });

  it('allows nothing that nobody imports', () => {
    const unused = table.flatMap((row) => {
      if (row.own.includes('*')) return [];
      const wanted = [...row.own, ...row.node.map((name) => `node:${name}`), ...row.packages];
      const used = files
        .filter((file) => rowOf(table, file) === row)
        .flatMap((file) => importsOf(file, sources.get(file) ?? ''));
      return wanted
        .filter((name) => !used.some((target) => within(target, name) || isInScope(name, target)))
        .map((name) => `${row.part}: ${name}`);
    });
    expect(unused).to.deep.equal([]);
  });

  it(`has no file above ${MAX_LINES} lines`, () => {
    const long = files.map((file) => [file, (sources.get(file) ?? '').split('\n').length - 1] as const);
    expect(long.filter(([, lines]) => lines > MAX_LINES)).to.deep.equal([]);
  });

  it('has no default exports', () => {
    expect(files.filter((file) => /^export default\b|\bas default\b/m.test(sources.get(file) ?? ''))).to.deep.equal([]);
  });

  it('has names in kebab case that say something, and index.ts for the plug-in lists only', () => {
    const bad = files.filter((file) => {
      const path = file.split('/');
      if (path.at(-1) === 'index.ts')
        return !['rules', 'api', 'lib/balance', 'lib/discovery', 'lib/upstream/options', 'ctl/commands'].includes(
          dirname(file),
        );
      return EMPTY_WORDS.test(file) || path.some((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?(\.ts)?$/.test(part));
    });
    expect(bad).to.deep.equal([]);
    const exports = files.flatMap((file) => exportsOf(sources.get(file) ?? '').map((name) => `${file}: ${name}`));
    expect(exports.filter((name) => EMPTY_WORDS.test(name))).to.deep.equal([]);
  });

  describe('its own check', () => {
    const small = readTable(`
| part | may import | node: modules | packages |
| :--- | --- | --- | --- |
| lib/core | - | fs | pino |
| lib/a | lib/b, lib/c.ts | net | - |
| bin | * | * | * |
`);
    const cases: readonly (readonly [what: string, file: string, source: string, wrong: readonly string[]])[] = [
      ['own files', 'lib/a/x.ts', "import { y } from './y.ts';\nimport z from './deep/z.ts';", []],
      ['words of the core', 'lib/a/x.ts', "import type { Y } from '../core/y.ts';", []],
      ['a folder of the row', 'lib/a/x.ts', "import {\n  y,\n  z,\n} from '../b/y.ts';", []],
      ['a file of the row', 'lib/a/x.ts', "export { c } from '../c.ts';", []],
      ['everything', 'bin/x.ts', "import '../lib/a/x.ts';\nimport 'node:os';\nimport 'ws';", []],
      ['another folder', 'lib/a/x.ts', "import type { D } from '../d/d.ts';", ['lib/a/x.ts: lib/d/d.ts']],
      ['another file', 'lib/a/x.ts', "import { d } from '../cc.ts';", ['lib/a/x.ts: lib/cc.ts']],
      ['a re-export', 'lib/a/x.ts', "export * from '../d/d.ts';", ['lib/a/x.ts: lib/d/d.ts']],
      ['an import at run time', 'lib/a/x.ts', "await import('../d/d.ts');", ['lib/a/x.ts: lib/d/d.ts']],
      ['a module of Node at run time', 'lib/a/x.ts', "process.getBuiltinModule('node:tls');", ['lib/a/x.ts: node:tls']],
      ['a type from afar', 'lib/a/x.ts', "let d: import('../d/d.ts').D;", ['lib/a/x.ts: lib/d/d.ts']],
      ['a module of Node', 'lib/a/x.ts', "import fs from 'node:fs';", ['lib/a/x.ts: node:fs']],
      [
        'a module below an allowed one',
        'lib/core/x.ts',
        "import 'node:fs/promises';",
        ['lib/core/x.ts: node:fs/promises'],
      ],
      ['a package', 'lib/a/x.ts', "import pino from 'pino';", ['lib/a/x.ts: pino']],
      ['a scoped package by path', 'lib/a/x.ts', "import '@a/b/c.js';", ['lib/a/x.ts: @a/b']],
      ['a comment', 'lib/a/x.ts', "// import 'ws';\n/** see import('ws') */", []],
    ];
    for (const [what, file, source, wrong] of cases) {
      it(`${wrong.length === 0 ? 'allows' : 'refuses'} ${what}`, () => {
        expect(violations(small, file, source)).to.deep.equal(wrong);
      });
    }
  });
});

interface Row {
  readonly part: string;
  readonly own: readonly string[];
  readonly node: readonly string[];
  readonly packages: readonly string[];
}

function readTable(markdown: string): readonly Row[] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => /^\| part +\| may import/.test(line));
  const rows: Row[] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break;
    const [part = '', own = '', node = '', packages = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    rows.push({ part, own: list(own), node: list(node), packages: list(packages) });
  }
  return rows;
}

function list(cell: string): readonly string[] {
  return cell === '-' ? [] : cell.split(',').map((word) => word.trim());
}

/** The row that holds for a file: its own, or that of its folder. */
function rowOf(table: readonly Row[], file: string): Row | undefined {
  return table.find((row) => row.part === file) ?? table.find((row) => file.startsWith(`${row.part}/`));
}

function violations(table: readonly Row[], file: string, source: string): readonly string[] {
  const row = rowOf(table, file);
  if (row === undefined) return [`${file}: no row`];
  return importsOf(file, source)
    .filter((target) => !allowed(row, target))
    .map((target) => `${file}: ${target}`);
}

function allowed(row: Row, target: string): boolean {
  if (target.startsWith('node:')) return row.node.some((name) => name === '*' || `node:${name}` === target);
  if (!target.endsWith('.ts'))
    return row.packages.some((name) => name === '*' || name === target || isInScope(name, target));
  return ['lib/core', row.part, ...row.own].some((name) => within(target, name));
}

function within(target: string, part: string): boolean {
  return part === '*' || target === part || target.startsWith(`${part}/`);
}

/** `name`: `@scope/*`. */
function isInScope(name: string, target: string): boolean {
  return name.endsWith('/*') && target.startsWith(name.slice(0, -1));
}

/** What a source imports: paths from the root, `node:` modules, names of packages. */
function importsOf(file: string, source: string): readonly string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /^(?:import|export)\b[^'";]*?from\s*'([^']+)'|^import\s*'([^']+)'|\b(?:import|getBuiltinModule)\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, from, bare, call]) => {
    const target = from ?? bare ?? call ?? '';
    if (target.startsWith('.')) return join(dirname(file), target);
    if (target.startsWith('node:')) return target;
    return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
  });
}

function exportsOf(source: string): readonly string[] {
  const found = source.matchAll(/^export (?:abstract |async )?(?:class|function|const|interface|type) (\w+)/gm);
  return [...found].map(([, name = '']) => name);
}
