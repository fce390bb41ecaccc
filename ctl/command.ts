import type { ExitCode } from './exit-codes.ts';
import type { FlagValues, Flags, Positionals, PositionalValues } from './inputs.ts';
import type { Session } from './session.ts';

/** A command line that can be copied, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** A command of `elbctl`: one file in `ctl/commands/` each, listed in its `index.ts`. Help, documents and completion come from it. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** More than one line, for its own help and the documents. */
  readonly description: string;
  readonly positionals: Positionals;
  readonly flags: Flags;
  readonly examples: readonly Example[];
  /** Not told to anybody: for shells. */
  readonly isHidden?: true;
  /** Exit code; Failure, thrown, for everything that goes wrong. */
  run(session: Session, args: PositionalValues<Positionals>, flags: FlagValues<Flags>): Promise<ExitCode>;
}

/** Declares a command, whose `run` gets what its arguments and options mean. */
export function defineCommand<Args extends Positionals, Options extends Flags>(command: {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly positionals: Args;
  readonly flags: Options;
  readonly examples: readonly Example[];
  readonly isHidden?: true;
  run(session: Session, args: PositionalValues<Args>, flags: FlagValues<Options>): Promise<ExitCode>;
}): Command {
  return command;
}
