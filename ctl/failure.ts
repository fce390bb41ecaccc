import type { Problem } from '../lib/core/problem.ts';
import type { ExitCode } from './exit-codes.ts';

export interface FailureOptions {
  /** What to do about it, for people. */
  readonly next?: string;
  /** All that is wrong, each with its place. */
  readonly problems?: readonly Problem[];
}

/** Why a command has not done what it was told: the program ends with this, and nothing else is printed. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ExitCode;
  readonly next: string | null;
  readonly problems: readonly Problem[];

  constructor(code: ExitCode, message: string, { next, problems = [] }: FailureOptions = {}) {
    super(message);
    this.code = code;
    this.next = next ?? null;
    this.problems = problems;
  }
}
