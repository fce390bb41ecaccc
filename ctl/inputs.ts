import { Refusal } from '../lib/core/option-kinds.ts';
import type { OptionKind } from '../lib/core/option-kinds.ts';

/** What a shell completes a value with: files, names that are there, or one of these words. */
export type Completion =
  | 'file'
  | 'domain'
  | 'graph'
  | 'upstream'
  | 'option'
  | 'tls'
  | 'cert'
  /** Of the kind that the first argument names. */
  | 'document'
  | 'server'
  | 'transaction'
  | readonly string[];

/** An option of a command. */
export interface Flag<Value> {
  readonly short: string | null;
  /** How documents call its value; null: it takes none. */
  readonly placeholder: string | null;
  /** It may be given several times. */
  readonly isList: boolean;
  /** What counts where it is left out, for documents. */
  readonly fallback: string | null;
  readonly help: string;
  readonly completes: Completion | null;
  /** `given`: what stood on the command line, as commander collects it. */
  read(given: unknown): Value | Refusal;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<Some extends Flags> = {
  readonly [Name in keyof Some]: Some[Name] extends Flag<infer Value> ? Value : never;
};

interface FlagLook {
  readonly short?: string;
  readonly completes?: Completion;
}

export function toggle(help: string, { short = '' }: FlagLook = {}): Flag<boolean> {
  return {
    short: short === '' ? null : short,
    placeholder: null,
    isList: false,
    fallback: null,
    help,
    completes: null,
    read: (given) => given === true,
  };
}

/** An option with a value; null where it is left out. */
export function setting<Value>(
  kind: OptionKind<Value>,
  help: string,
  { short = '', completes }: FlagLook = {},
): Flag<Value | null> {
  return {
    short: short === '' ? null : short,
    placeholder: kind.placeholder,
    isList: false,
    fallback: null,
    help,
    completes: completes ?? null,
    read: (given) => (typeof given === 'string' ? kind.parse(given) : null),
  };
}

/** An option with a value that counts where it is left out. */
export function usual<Value>(
  kind: OptionKind<Value>,
  fallback: string,
  help: string,
  { short = '', completes }: FlagLook = {},
): Flag<Value> {
  return {
    short: short === '' ? null : short,
    placeholder: kind.placeholder,
    isList: false,
    fallback,
    help,
    completes: completes ?? null,
    read: (given) => kind.parse(typeof given === 'string' ? given : fallback),
  };
}

/** An option that may be given several times. */
export function several<Value>(
  kind: OptionKind<Value>,
  help: string,
  { short = '', completes }: FlagLook = {},
): Flag<readonly Value[]> {
  return {
    short: short === '' ? null : short,
    placeholder: kind.placeholder,
    isList: true,
    fallback: null,
    help,
    completes: completes ?? null,
    read(given) {
      const values: Value[] = [];
      for (const text of Array.isArray(given) ? given : []) {
        const value = kind.parse(String(text));
        if (value instanceof Refusal) return value;
        values.push(value);
      }
      return values;
    },
  };
}

/** What stands on the command line without an option, in this order. */
export interface Positional<Value> {
  readonly placeholder: string;
  readonly shape: 'one' | 'optional' | 'rest' | 'optional-rest';
  readonly help: string;
  readonly completes: Completion | null;
  read(given: unknown): Value | Refusal;
}

export type Positionals = Readonly<Record<string, Positional<unknown>>>;

export type PositionalValues<Some extends Positionals> = {
  readonly [Name in keyof Some]: Some[Name] extends Positional<infer Value> ? Value : never;
};

export function argument<Value>(
  kind: OptionKind<Value>,
  help: string,
  completes: Completion | null = null,
): Positional<Value> {
  return { placeholder: kind.placeholder, shape: 'one', help, completes, read: (given) => kind.parse(String(given)) };
}

export function optionalArgument<Value>(
  kind: OptionKind<Value>,
  help: string,
  completes: Completion | null = null,
): Positional<Value | null> {
  const read = (given: unknown) => (typeof given === 'string' ? kind.parse(given) : null);
  return { placeholder: kind.placeholder, shape: 'optional', help, completes, read };
}

/** All that is left; at least one. */
export function rest(
  placeholder: string,
  help: string,
  completes: Completion | null = null,
): Positional<readonly string[]> {
  return { placeholder, shape: 'rest', help, completes, read: textsOf };
}

/** All that is left, if anything. */
export function optionalRest(
  placeholder: string,
  help: string,
  completes: Completion | null = null,
): Positional<readonly string[]> {
  return { placeholder, shape: 'optional-rest', help, completes, read: textsOf };
}

function textsOf(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(String) : [];
}

/** The same kind of value under another name in documents. */
export function called<Value>(placeholder: string, kind: OptionKind<Value>): OptionKind<Value> {
  return { placeholder, list: kind.list, parse: (text) => kind.parse(text) };
}
