import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SECTIONS } from '../api/document.ts';
import { sectionOf } from '../lib/store/file-document.ts';
import { JsonDocument } from '../lib/store/json-document.ts';
import { StoreError } from '../lib/store/store.ts';
import { YamlDocument } from '../lib/store/yaml-document.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { Session } from './session.ts';

/** A configuration, or a part of one, in the shape of a file store: sections, names, documents. */
export type Documents = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Reads configurations from files, directories of them, or standard input, as one. Throws Failure for what cannot be read. */
export async function readDocuments(session: Session, paths: readonly string[]): Promise<Documents> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const read: (readonly [file: string, documents: Documents])[] = [];
  for (const file of files) read.push([file, documentsOf(file, await readFileText(session, file))]);
  return mergedDocuments(read);
}

/** The text of a file, or of standard input. Throws Failure. */
export async function readFileText(session: Session, file: string): Promise<string> {
  if (file === STDIN) return session.readInput();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A configuration as a file store would read it. Throws Failure with file, line and column. */
export function documentsOf(file: string, content: string): Documents {
  if (content.trim() === '') throw new Failure(EXIT.usage, `${nameOf(file)} is empty`);
  try {
    const document = isJson(file, content)
      ? new JsonDocument(nameOf(file), content)
      : new YamlDocument(nameOf(file), content);
    const names = document.sectionNames();
    const unknown = names.filter((name) => !Object.hasOwn(SECTIONS, name));
    if (unknown.length > 0) {
      throw new Failure(EXIT.usage, `${nameOf(file)} has a section ${JSON.stringify(unknown[0])}`, {
        next: `there are ${Object.keys(SECTIONS).join(', ')}; elbctl import reads other forms`,
      });
    }
    return sectionsOf(file, names, document.entries());
  } catch (error) {
    if (error instanceof StoreError) throw new Failure(EXIT.usage, error.message);
    throw error;
  }
}

/** Keys of a store as sections. */
function sectionsOf(file: string, names: readonly string[], entries: ReadonlyMap<string, string>): Documents {
  // Maps become objects only at the end, so that any name is just a name.
  const sections = new Map(names.map((name) => [name, new Map<string, unknown>()]));
  const servers = new Map<string, Map<string, string>>();
  for (const [key, value] of entries) {
    const [kind = '', ...steps] = key.split('/');
    const name = steps.join('/');
    if (kind === 'upstreams') {
      const upstream = steps[0] ?? '';
      const server = steps.slice(1).join('/');
      const known = servers.get(upstream) ?? new Map<string, string>();
      if (server !== '') known.set(server, value);
      servers.set(upstream, known);
      continue;
    }
    const document = JSON.parse(value) as unknown;
    if (document === null) {
      throw new Failure(EXIT.usage, `${nameOf(file)}: ${name} has no document`, {
        next: 'elbctl delete removes what is there; --prune removes what the file does not name',
      });
    }
    sections.get(sectionOf(kind).section)?.set(name, document);
  }
  for (const [name, list] of servers) sections.get('upstreams')?.set(name, Object.fromEntries(list));
  return Object.fromEntries(Array.from(sections, ([name, members]) => [name, Object.fromEntries(members)]));
}

/** Several configurations as one. Throws Failure where two of them name the same. */
export function mergedDocuments(all: readonly (readonly [file: string, documents: Documents])[]): Documents {
  const sections = new Map<string, Map<string, unknown>>();
  const places = new Map<string, string>();
  for (const [file, documents] of all) {
    for (const [section, members] of Object.entries(documents)) {
      const known = sections.get(section) ?? new Map<string, unknown>();
      sections.set(section, known);
      for (const [name, value] of Object.entries(members)) {
        const place = `${section}/${name}`;
        const before = places.get(place);
        if (before !== undefined) {
          throw new Failure(
            EXIT.usage,
            `${nameOf(before)} and ${nameOf(file)} both have ${JSON.stringify(name)} in ${section}`,
            {
              next: 'one of them has to go: nothing tells which one is meant',
            },
          );
        }
        places.set(place, file);
        known.set(name, value);
      }
    }
  }
  return Object.fromEntries(Array.from(sections, ([name, members]) => [name, Object.fromEntries(members)]));
}

/** The files that a path means: itself, or what is below a directory, in the order of their names. */
async function filesOf(path: string): Promise<readonly string[]> {
  if (path === STDIN) return [STDIN];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile() && READ.test(entry.name) && !entry.name.startsWith('.'));
    if (files.length > 0) return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new Failure(EXIT.usage, `${path} has no file that ends in .yaml, .yml or .json`);
}

function isJson(file: string, content: string): boolean {
  return file.endsWith('.json') || (file === STDIN && content.trimStart().startsWith('{'));
}

export function unreadable(path: string, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const reason = code === 'ENOENT' ? 'no such file' : error instanceof Error ? error.message : String(error);
  return new Failure(EXIT.usage, `cannot read ${path}: ${reason}`);
}

export function nameOf(file: string): string {
  return file === STDIN ? 'standard input' : file;
}

export const STDIN = '-';
const READ = /\.(?:ya?ml|json)$/;
