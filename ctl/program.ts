import { Command as Commander, CommanderError, Option } from 'commander';
import { Refusal } from '../lib/core/option-kinds.ts';
import type { Command } from './command.ts';
import { GLOBAL_FLAGS } from './shared-flags.ts';
import { EXIT, EXIT_MEANINGS } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { Flag, FlagValues, Flags, Positional } from './inputs.ts';
import type { Session } from './session.ts';

export interface ProgramOptions {
  readonly commands: readonly Command[];
  readonly version: string;
  /** What a command works with, from the options that all commands have. Throws Failure. */
  readonly open: (flags: FlagValues<typeof GLOBAL_FLAGS>) => Session;
  readonly write: (text: string) => void;
  readonly columns: number;
}

/** Reads the command line and runs the command that it names; answers its exit code. Throws Failure. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = programOf(options, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    const [message = '', ...more] = error.message.replace(/^error: /, '').split('\n');
    const hint = more.join(' ').trim();
    const next = `${hint === '' ? '' : `${hint} `}elbctl ${commandIn(args, options.commands)}--help tells what there is`;
    throw new Failure(EXIT.usage, message === '(outputHelp)' ? 'which command?' : message, { next });
  }
}

function programOf(options: ProgramOptions, onEnd: (code: ExitCode) => void): Commander {
  const { commands, version, write, columns } = options;
  const program = new Commander('elbctl')
    .description('Asks and changes running ELBs, or their store.')
    .version(`elbctl ${version}`, '-V, --version', 'the version')
    .helpCommand('help [command]', 'help for a command')
    .helpOption('-h, --help', 'this text')
    .configureHelp({ showGlobalOptions: true, helpWidth: columns })
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
    .exitOverride();
  for (const [name, flag] of Object.entries(GLOBAL_FLAGS)) program.addOption(optionOf(name, flag));
  program.addHelpText('after', () => `\nExit codes:\n${exitCodeLines().join('\n')}`);
  for (const command of commands) addCommand(program, command, options, onEnd);
  return program;
}

function addCommand(
  program: Commander,
  command: Command,
  { open }: ProgramOptions,
  onEnd: (code: ExitCode) => void,
): void {
  const { name, summary, description, positionals, flags, examples } = command;
  const sub = program
    .command(name, { hidden: command.isHidden === true })
    .summary(summary)
    .description(`${summary}.\n\n${description}`)
    .allowExcessArguments(false);
  for (const positional of Object.values(positionals)) sub.argument(argumentOf(positional), positional.help);
  for (const [key, flag] of Object.entries(flags)) sub.addOption(optionOf(key, flag));
  if (examples.length > 0) {
    sub.addHelpText('after', `\nExamples:\n${examples.map(({ line, does }) => `  # ${does}\n  ${line}`).join('\n')}`);
  }
  sub.action(async (...given: unknown[]) => {
    const names = Object.keys(positionals);
    const problems: string[] = [];
    // Positionals come first, in order; then the options, then the command itself.
    const args = Object.fromEntries(
      names.map((key, i) => [
        key,
        readInput(`<${positionals[key]?.placeholder ?? key}>`, positionals[key], given[i], problems),
      ]),
    );
    const collected: Readonly<Record<string, unknown>> = sub.optsWithGlobals();
    const own = readFlags(flags, collected, problems);
    const global = readFlags(GLOBAL_FLAGS, collected, problems);
    if (problems.length > 0) {
      throw new Failure(EXIT.usage, problems.join('; '), { next: `elbctl ${name} --help tells what there is` });
    }
    onEnd(await command.run(open(global), args, own));
  });
}

function readFlags<Some extends Flags>(
  flags: Some,
  collected: Readonly<Record<string, unknown>>,
  problems: string[],
): FlagValues<Some> {
  const values = Object.entries(flags).map(([name, flag]) => [
    name,
    readInput(`--${name}`, flag, collected[camelCase(name)], problems),
  ]);
  return Object.fromEntries(values) as FlagValues<Some>; // each by its own flag
}

function readInput(
  label: string,
  input: Flag<unknown> | Positional<unknown> | undefined,
  given: unknown,
  problems: string[],
): unknown {
  const value = input?.read(given);
  if (value instanceof Refusal) {
    problems.push(
      `${label} must be ${value.expected}${typeof given === 'string' && label !== '--token' ? `, not ${JSON.stringify(given)}` : ''}`,
    );
  }
  return value;
}

/** As commander names what it has collected. */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function optionOf(name: string, { short, placeholder, isList, fallback, help }: Flag<unknown>): Option {
  const flags = `${short === null ? '' : `-${short}, `}--${name}${placeholder === null ? '' : ` <${placeholder}>`}`;
  const option = new Option(flags, fallback === null ? help : `${help} (default ${fallback})`);
  if (!isList) return option;
  return option.argParser((value: string, before: unknown) => [...(Array.isArray(before) ? before : []), value]);
}

/** As it stands in a usage: `<NAME>`, `[NAME...]`. */
export function argumentOf({ placeholder, shape }: Positional<unknown>): string {
  switch (shape) {
    case 'one':
      return `<${placeholder}>`;
    case 'optional':
      return `[${placeholder}]`;
    case 'rest':
      return `<${placeholder}...>`;
    case 'optional-rest':
      return `[${placeholder}...]`;
  }
}

function exitCodeLines(): readonly string[] {
  return Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padEnd(4)} ${EXIT_MEANINGS[name as keyof typeof EXIT]}`, // its own keys
  );
}

/** The command that a command line begins with, for a hint. */
function commandIn(args: readonly string[], commands: readonly Command[]): string {
  const name = args.find((arg) => commands.some((command) => command.name === arg));
  return name === undefined ? '' : `${name} `;
}
