import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/** A file as browsers get it. */
export interface PageFile {
  /** Content-Type. */
  readonly type: string;
  readonly text: string;
  /** Entity tag: of its content. */
  readonly tag: string;
}

/**
 * The files of the admin page by name: those of `ui/`, read once. What is TypeScript in the repository is sent without its types, under
 * its own name, since that is how its modules import each other; the published package holds JavaScript.
 *
 * In the page itself `%MODULE%` stands for the ending of modules, and `%MODULES%` for links by which a browser asks for all of them at once.
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL('../ui/', import.meta.url);
  const names = readdirSync(folder).filter((name) => Object.hasOwn(TYPES, endingOf(name)) && !name.endsWith('.d.ts'));
  const ending = endingOf(import.meta.url);
  const preloads = names
    .filter((name) => endingOf(name) === ending)
    .map((name) => `<link rel="modulepreload" href="/__erulb__/ui/${name}" />`);
  const files = names.map((name): [string, PageFile] => {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const text =
      endingOf(name) === '.ts'
        ? withoutTypes(source)
        : endingOf(name) === '.html'
          ? source.replaceAll('%MODULE%', ending).replace('%MODULES%', preloads.join('\n    '))
          : source;
    const tag = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    return [name, { type: TYPES[endingOf(name)] ?? '', text, tag }];
  });
  return new Map(files);
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.'));
}

/** Node calls this experimental, once, on stderr, which is for the log. */
function withoutTypes(source: string): string {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    // What were types is blank now.
    return stripTypeScriptTypes(source)
      .replaceAll(/[ \t]+$/gm, '')
      .replaceAll(/\n{2,}/g, '\n');
  } finally {
    process.emitWarning = warn;
  }
}
