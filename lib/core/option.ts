import type { OptionKind } from './option-kinds.ts';

/** One thing an operator can set: reading, checking, `--help` and docs/options.md all come from this row. */
export interface Option<Value> {
  readonly group: string;
  /** Without its dashes; null for what does not belong on a command line, where every user of the machine can read it. */
  readonly flag: string | null;
  /** Environment variables; the first one that is set and not empty counts. A flag beats them all. */
  readonly env: readonly string[];
  readonly kind: OptionKind<Value>;
  /** As an operator would write it; null: unset. */
  readonly fallback: string | null;
  readonly help: string;
}

export function row<Value>(
  group: string,
  flag: string | null,
  env: readonly string[],
  kind: OptionKind<Value>,
  fallback: string | null,
  help: string,
): Option<Value> {
  return { group, flag, env, kind, fallback, help };
}
