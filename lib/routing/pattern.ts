import { foldCase } from './fold-case.ts';
import { tokenize } from './pattern-tokens.ts';

export interface PatternOptions {
  /** The caller then matches against the lower-cased subject (`toLowerCase`), not the subject itself. */
  readonly ignoreCase: boolean;
}

/** Longest pattern that is accepted, in UTF-16 code units. */
export const MAX_PATTERN_LENGTH = 4096;

/**
 * A regular expression that can be run on anything a client sends, or the reason why the pattern is refused.
 *
 * A pattern is accepted only if V8's linear-time engine takes it. The expression itself uses the ordinary, faster engine,
 * which hands over to the linear one after too many backtracks. Both need the flags of V8
 * `--enable-experimental-regexp-engine` and `--enable-experimental-regexp-engine-on-excessive-backtracks`; without the first
 * every pattern is refused. The expression has no state, so it may be shared.
 */
export function compilePattern(source: string, options: PatternOptions): RegExp | string {
  const key = `${options.ignoreCase ? 'i' : 'c'}${source}`;
  const known = recent.get(key);
  if (known !== undefined) return known;
  const compiled = compile(source, options);
  if (recent.size >= MAX_RECENT) recent.clear();
  recent.set(key, compiled);
  return compiled;
}

/** Patterns that many domains have in common are compiled, and held, once. */
const recent = new Map<string, RegExp | string>();
const MAX_RECENT = 1000;

function compile(source: string, options: PatternOptions): RegExp | string {
  if (source.length > MAX_PATTERN_LENGTH) return `is longer than ${MAX_PATTERN_LENGTH} characters`;
  const syntaxError = compileError(source, '');
  if (syntaxError !== null) return `is not a regular expression: ${syntaxError}`;
  if (!hasLinearEngine())
    return 'cannot be checked: the process was started without --enable-experimental-regexp-engine';
  const refused = refusedSyntax(source, options);
  if (refused !== null) return refused;
  const effective = options.ignoreCase ? foldCase(source) : source;
  if (compileError(effective, 'l') !== null) {
    return 'cannot be run in linear time: a counted repetition goes beyond 16 (nested counts multiply); write x{32} as x{16}x{16}';
  }
  return new RegExp(effective);
}

/** Asked when the first pattern comes: a process may have got the engine after this was loaded. */
function hasLinearEngine(): boolean {
  return compileError('', 'l') === null;
}

/** What V8 says against a pattern, without its preamble; null if it compiles. */
function compileError(source: string, flags: string): string | null {
  try {
    RegExp(source, flags);
    return null;
  } catch (error) {
    // The message repeats the pattern: "Invalid regular expression: /(/: Unterminated group".
    const message = error instanceof Error ? error.message : String(error);
    return message.slice(message.lastIndexOf(': ') + 2);
  }
}

function refusedSyntax(source: string, options: PatternOptions): string | null {
  const tokens = tokenize(source);
  const groups = tokens.filter((token) => token.kind === 'group').map((token) => token.text);
  if (groups.some((text) => /^\(\?<?[=!]/.test(text))) return 'has a look-around, which cannot be run in linear time';
  if (groups.some((text) => /^\(\?[a-z-]*i[a-z-]*:/.test(text))) {
    return `switches case sensitivity inside; it is ${options.ignoreCase ? 'off' : 'on'} for the whole pattern`;
  }
  const hasReference = tokens.some((token) => token.kind === 'reference');
  if (hasReference && compileError(source, 'l') !== null && compileError(withoutReferences(source), 'l') === null) {
    return 'has a back-reference, which cannot be run in linear time';
  }
  return null;
}

function withoutReferences(source: string): string {
  return tokenize(source)
    .map((token) => (token.kind === 'reference' ? '(?:)' : token.text))
    .join('');
}
