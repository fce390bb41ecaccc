import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { parseJson } from '../api/body.ts';
import { nameOf, readFileText } from './documents.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { Session } from './session.ts';

/** A value from a YAML or JSON file, or from standard input. Throws Failure with line and column. */
export async function readValue(session: Session, file: string): Promise<unknown> {
  return valueOf(file, await readFileText(session, file));
}

export function valueOf(file: string, content: string): unknown {
  if (content.trim() === '') throw new Failure(EXIT.usage, `${nameOf(file)} is empty`);
  return file.endsWith('.json') ? jsonOf(file, content) : yamlOf(file, content);
}

function jsonOf(file: string, content: string): unknown {
  const read = parseJson(Buffer.from(content));
  if (read.kind === 'json') return read.value;
  throw new Failure(EXIT.usage, `${nameOf(file)}: ${read.bad.msg}${read.bad.at === '' ? '' : ` at ${read.bad.at}`}`);
}

/** Every JSON text is one of YAML, too. */
function yamlOf(file: string, content: string): unknown {
  const lines = new LineCounter();
  // The package compares every key of a map with every other one; this asks a set.
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problem = (offset: number, message: string): Failure => {
    const { line, col } = lines.linePos(offset);
    return new Failure(
      EXIT.usage,
      `${nameOf(file)}:${String(Math.max(1, line))}:${String(Math.max(1, col))}: ${message}`,
    );
  };
  const [error] = document.errors;
  if (error !== undefined) throw problem(error.pos[0], error.message);
  visit(document, {
    Map(_, map) {
      if (!isMap(map)) return;
      const names = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        if (names.has(name)) throw problem((isScalar(key) ? key.range?.[0] : 0) ?? 0, `the name ${name} occurs twice`);
        names.add(name);
      }
    },
  });
  return document.toJS() as unknown;
}
