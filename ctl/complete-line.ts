import { Refusal } from '../lib/core/option-kinds.ts';
import type { Command } from './command.ts';
import type { Completion, Flag, Flags, Positional } from './inputs.ts';
import { kindName } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { GLOBAL_FLAGS } from './shared-flags.ts';

export interface Candidate {
  readonly value: string;
  /** For shells that show it; empty: none. */
  readonly help: string;
}

/** What may stand next on a command line. `file`: the shell knows. */
export type Completions = readonly Candidate[] | 'file';

/** Asks for names that are there: of `domain`, `server`, ... */
export type Names = (what: Exclude<Completion, 'file' | readonly string[]>) => Promise<readonly string[]>;

/** Completes a command line: what stands before the cursor, the program's own name first. */
export async function completeLine(line: string, commands: readonly Command[], names: Names): Promise<Completions> {
  const words = wordsOf(line).slice(1);
  const last = words.at(-1) ?? '';
  const place = read(words.slice(0, -1), commands);
  const flags: Flags = { ...place.command?.flags, ...GLOBAL_FLAGS };
  if (place.pending !== null) return candidates(place.pending.completes, last, '', names, place.given);
  const [, name = '', value] = /^--([a-z-]+)=(.*)$/s.exec(last) ?? [];
  if (value !== undefined) {
    const flag = flags[name];
    return flag === undefined ? [] : candidates(flag.completes, value, `--${name}=`, names, place.given);
  }
  if (last.startsWith('-') && last !== '-') {
    const help = [{ value: '--help', help: 'this text' }];
    const known = Object.entries(flags).map(([flag, { help: text }]) => ({ value: `--${flag}`, help: text }));
    const left = known.filter((one) => !place.used.has(one.value) || flags[one.value.slice(2)]?.isList === true);
    return [...left, ...help].filter((one) => one.value.startsWith(last));
  }
  if (place.command === null) {
    const shown = commands.filter((command) => command.isHidden !== true);
    return shown
      .map(({ name: command, summary }) => ({ value: command, help: summary }))
      .filter((one) => one.value.startsWith(last));
  }
  const positionals = Object.values(place.command.positionals);
  return candidates(positionalAt(positionals, place.given.length)?.completes ?? null, last, '', names, place.given);
}

interface Place {
  readonly command: Command | null;
  /** Arguments of the command. */
  readonly given: readonly string[];
  /** Options with their dashes. */
  readonly used: ReadonlySet<string>;
  /** An option whose value comes next. */
  readonly pending: Flag<unknown> | null;
}

function read(words: readonly string[], commands: readonly Command[]): Place {
  let command: Command | null = null;
  let pending: Flag<unknown> | null = null;
  const given: string[] = [];
  const used = new Set<string>();
  for (const word of words) {
    if (pending !== null) {
      pending = null;
    } else if (/^-./.test(word)) {
      const flags: Readonly<Record<string, Flag<unknown>>> = { ...command?.flags, ...GLOBAL_FLAGS };
      const entry = Object.entries(flags).find(
        ([name, flag]) => word === `--${name}` || word === `-${flag.short ?? ''}`,
      );
      if (entry === undefined) continue;
      used.add(`--${entry[0]}`);
      if (entry[1].placeholder !== null) pending = entry[1];
    } else if (command === null) command = commands.find((one) => one.name === word) ?? null;
    else given.push(word);
  }
  return { command, given, used, pending };
}

/** The last one may stand for all that is left. */
function positionalAt(positionals: readonly Positional<unknown>[], at: number): Positional<unknown> | undefined {
  const last = positionals.at(-1);
  return positionals[at] ?? (last?.shape.endsWith('rest') === true ? last : undefined);
}

async function candidates(
  completes: Completion | null,
  begun: string,
  prefix: string,
  names: Names,
  given: readonly string[],
): Promise<Completions> {
  if (completes === 'file') return 'file';
  if (completes === null) return [];
  const known =
    typeof completes === 'object' ? completes : await names(completes === 'document' ? kindOf(given[0]) : completes);
  return known
    .filter((name) => name.startsWith(begun) && !given.includes(name))
    .map((name) => ({ value: prefix + name, help: '' }));
}

/** The kind that an argument before has named. */
function kindOf(given: string | undefined): Kind {
  const kind = kindName.parse(given ?? '');
  return kind instanceof Refusal ? 'domain' : kind;
}

/** The words of a line as a shell would take it apart, the last one as far as it has come; empty behind a space. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [''];
  let quote: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    const word = words.length - 1;
    if (quote === null && /\s/.test(character)) {
      if (words[word] !== '') words.push('');
    } else if (quote === null && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = null;
    else if (character === '\\' && quote !== "'") words[word] += line.charAt(++i);
    else words[word] += character;
  }
  return words;
}
