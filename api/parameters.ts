import { Refusal } from '../lib/core/option-kinds.ts';
import type { OptionKind } from '../lib/core/option-kinds.ts';
import type { Problem } from '../lib/routing/rule.ts';

/** One parameter of a call's query. */
export interface Parameter<Value> {
  /** How documents call its value. */
  readonly placeholder: string;
  /** What counts where it is left out: text, or null where it has to be given or nothing counts. */
  readonly fallback: string | null;
  readonly isRequired: boolean;
  readonly help: string;
  /** Null: it is left out. */
  read(text: string | null): Value | Refusal;
  /** Of one that may be given more than once: all that was given. */
  readonly readAll?: (texts: readonly string[]) => Value | Refusal;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

export type ParameterValues<Some extends Parameters> = {
  readonly [Name in keyof Some]: Some[Name] extends Parameter<infer Value> ? Value : never;
};

export function required<Value>(kind: OptionKind<Value>, help: string): Parameter<Value> {
  const read = (text: string | null) => (text === null ? new Refusal('given') : kind.parse(text));
  return { placeholder: kind.placeholder, fallback: null, isRequired: true, help, read };
}

export function optional<Value>(kind: OptionKind<Value>, help: string): Parameter<Value | null> {
  const read = (text: string | null) => (text === null ? null : kind.parse(text));
  return { placeholder: kind.placeholder, fallback: null, isRequired: false, help, read };
}

export function usually<Value>(kind: OptionKind<Value>, fallback: string, help: string): Parameter<Value> {
  const read = (text: string | null) => kind.parse(text ?? fallback);
  return { placeholder: kind.placeholder, fallback, isRequired: false, help, read };
}

/** As often as wanted. */
export function repeated<Value>(kind: OptionKind<Value>, help: string): Parameter<readonly Value[]> {
  const readAll = (texts: readonly string[]): readonly Value[] | Refusal => {
    const values: Value[] = [];
    for (const text of texts) {
      const value = kind.parse(text);
      if (value instanceof Refusal) return value;
      values.push(value);
    }
    return values;
  };
  const read = (text: string | null) => readAll(text === null ? [] : [text]);
  return { placeholder: kind.placeholder, fallback: null, isRequired: false, help, read, readAll };
}

/** On with `?name`, `?name=1` or `?name=true`, off without it and with `0` or `false`. */
export function flag(help: string): Parameter<boolean> {
  return {
    placeholder: '1',
    fallback: '0',
    isRequired: false,
    help,
    read(text) {
      if (text === null || text === '0' || text === 'false') return false;
      return text === '' || text === '1' || text === 'true' ? true : new Refusal('1 or 0');
    },
  };
}

/** Reads a query. A parameter nobody knows is refused: a misspelled `dry_run` must not become a change. */
export function readParameters(
  parameters: Parameters,
  query: string,
): { readonly values: Readonly<Record<string, unknown>>; readonly problems: readonly Problem[] } {
  const given = new URLSearchParams(query);
  const problems: Problem[] = [];
  for (const name of new Set(given.keys())) {
    if (!Object.hasOwn(parameters, name)) problems.push({ at: `?${name}`, msg: `unknown parameter ${name}` });
    else if (given.getAll(name).length > 1 && parameters[name]?.readAll === undefined)
      problems.push({ at: `?${name}`, msg: `${name} is given more than once` });
  }
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = parameter.readAll?.(given.getAll(name)) ?? parameter.read(given.get(name));
    if (value instanceof Refusal) problems.push({ at: `?${name}`, msg: `${name} must be ${value.expected}` });
    else values[name] = value;
  }
  return { values, problems };
}
