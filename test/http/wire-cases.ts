import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One message of `test/wire` and what is to be made of it. */
export interface WireCase {
  readonly file: string;
  /** What it stands under. */
  readonly heading: string;
  /** What is particular to it, as it is written there. */
  readonly title: string;
  readonly kind: 'request' | 'reply';
  /** What a reply answers. */
  readonly method: string;
  readonly bytes: Buffer;
  /** Name of a fault, `more`, or `message`. */
  readonly result: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly rule: string;
}

const KINDS = new Set(['none', 'length', 'chunked', 'close']);

/** All cases of a folder of Markdown; `README.md` there tells the format. */
export function readWireCases(folder: string): WireCase[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .toSorted()
    .flatMap((file) => casesOf(file, readFileSync(join(folder, file), 'utf8')));
}

function casesOf(file: string, text: string): WireCase[] {
  const cases: WireCase[] = [];
  let heading = '';
  // A heading, or a block with its table.
  for (const [, title, info, block, table] of text.matchAll(/^#+ (.*)$|^```(re.*)\n([^]*?)^```\n\n((?:\|.*\n)+)/gm)) {
    if (title !== undefined) heading = title;
    if (info === undefined || block === undefined || table === undefined) continue;
    const [names = [], , ...rows] = table.trimEnd().split('\n').map(cells);
    for (const row of rows) {
      if (row.length !== names.length) throw new Error(`${file}: ${row.length} cells in ${row.join(' | ')}`);
      const values = new Map(names.map((name, i) => [name, row[i] ?? '']));
      const outcome = values.get('outcome') ?? '';
      const written = row.slice(0, -2).join(' and ');
      cases.push({
        file,
        heading,
        title: written === '' ? (block.split('\n')[0] ?? '') : written,
        kind: info.startsWith('reply') ? 'reply' : 'request',
        method: /to (\w+)/.exec(info)?.[1] ?? 'GET',
        bytes: unescape(fill(block, values)),
        rule: values.get('rule') ?? '',
        ...expected(outcome),
      });
    }
  }
  return cases;
}

/** Cells of a table's row, without the ticks around code. */
function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`+(.*?)`+$/, '$1'));
}

function fill(block: string, values: ReadonlyMap<string, string>): string {
  return block.replaceAll(/\{(\w+)\}/g, (braced, name: string) => values.get(name) ?? braced);
}

/** Bytes of a block: its lines with CR LF, unless a backslash ends them, and its escapes. */
function unescape(block: string): Buffer {
  const lines = block.replaceAll(/(\\*)\n/g, (whole, slashes: string) =>
    slashes.length % 2 === 1 ? slashes.slice(1) : whole.replace('\n', '\r\n'),
  );
  return Buffer.from(bytesOf(lines), 'latin1');
}

function bytesOf(text: string): string {
  return text.replaceAll(/\\(?:x([\da-f]{2})|([rnt\\]))/g, (_, hex: string | undefined, letter: string | undefined) =>
    hex === undefined ? ({ r: '\r', n: '\n', t: '\t' }[letter ?? ''] ?? '\\') : String.fromCharCode(parseInt(hex, 16)),
  );
}

function expected(outcome: string): Pick<WireCase, 'result' | 'facts'> {
  if (/^[A-Z]\w+$/.test(outcome) || outcome === 'more') return { result: outcome, facts: {} };
  const facts: Record<string, string> = { rest: '0' };
  for (const fact of outcome.split(/, ?(?=[a-z]+(?: |$|,))/)) {
    const [, name = '', value = ''] = /^(\w+) ?(.*)$/.exec(fact) ?? [];
    if (KINDS.has(name)) facts['kind'] = name;
    else facts[name] = bytesOf(value.trim());
  }
  return { result: 'message', facts };
}
