import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { text as textOfStream } from 'node:stream/consumers';
import { Refusal, token as tokenKind } from '../lib/core/option-kinds.ts';
import type { Api } from '../ctl/api.ts';
import { commands } from '../ctl/commands/index.ts';
import { unreadable } from '../ctl/documents.ts';
import { EXIT } from '../ctl/exit-codes.ts';
import type { ExitCode } from '../ctl/exit-codes.ts';
import { Failure } from '../ctl/failure.ts';
import { HttpApi } from '../ctl/http-api.ts';
import type { FlagValues } from '../ctl/inputs.ts';
import { printable } from '../ctl/printable.ts';
import { runProgram } from '../ctl/program.ts';
import { Screen } from '../ctl/screen.ts';
import type { Keys, Session } from '../ctl/session.ts';
import type { GLOBAL_FLAGS } from '../ctl/shared-flags.ts';
import { styleOf } from '../ctl/style.ts';
import { rules } from '../rules/index.ts';
import { version } from './version.ts';

type GlobalFlags = FlagValues<typeof GLOBAL_FLAGS>;

/** `elbctl`: reads what it was told, does it, and answers the exit code. */
export async function operate(args: readonly string[]): Promise<ExitCode> {
  const { env, stdout, stderr } = process;
  // Whoever reads has had enough: that is no failure.
  for (const stream of [stdout, stderr]) stream.on('error', (error) => endQuietly(error));
  const interruption = new AbortController();
  process.on('SIGINT', () => interrupt(interruption));
  process.on('SIGTERM', () => interrupt(interruption));
  let opened: Promise<Api> | null = null;
  const open = (flags: GlobalFlags): Session => ({
    screen: new Screen({ stdout, stderr, env, format: flags.output }),
    api: () => (opened ??= openApi(flags)),
    confirm,
    readInput: () => textOfStream(process.stdin),
    keys: process.stdin.isTTY ? terminalKeys() : null,
    interrupted: interruption.signal,
    rules,
    env,
  });
  const columns = stdout.isTTY ? stdout.columns : HELP_COLUMNS;
  try {
    return await runProgram(args, {
      commands,
      version: version(),
      open,
      write: (out) => void stdout.write(out),
      columns,
    });
  } catch (error) {
    return tell(error);
  } finally {
    await closeApi(opened);
  }
}

async function closeApi(opened: Promise<Api> | null): Promise<void> {
  try {
    await (await opened)?.close();
  } catch {
    // Why it could not be opened was told.
  }
}

/** In one place, so that every failure looks alike: what is wrong, where, and what to do. */
function tell(error: unknown): ExitCode {
  const style = styleOf(process.stderr, process.env);
  if (!(error instanceof Failure)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`elbctl: ${style('bad', 'this is a bug:')} ${message}\n`);
    return EXIT.unexpected;
  }
  const lines = [`elbctl: ${style('bad', printable(error.message))}`];
  const shown = error.problems.slice(0, MAX_PROBLEMS);
  for (const { at, msg } of shown) lines.push(`  ${at === '' ? '' : `${printable(at)}: `}${printable(msg)}`);
  if (shown.length < error.problems.length) lines.push(`  and ${String(error.problems.length - shown.length)} more`);
  if (error.next !== null) lines.push(style('dim', `  ${printable(error.next)}`));
  process.stderr.write(`${lines.join('\n')}\n`);
  return error.code;
}

const MAX_PROBLEMS = 100;
const HELP_COLUMNS = 100;

async function openApi(flags: GlobalFlags): Promise<Api> {
  const { etcd, name, url, timeout } = flags;
  const { env } = process;
  if (etcd !== null) {
    if (url !== null) throw new Failure(EXIT.usage, 'either --url or --etcd: an instance, or the store without one');
    const { openStore } = await import('./direct.ts');
    return openStore({ etcd, name });
  }
  if (name !== null) throw new Failure(EXIT.usage, '--name goes with --etcd: an instance knows its own name');
  const ca = flags.ca === null ? null : readOrFail(flags.ca);
  return new HttpApi({
    url: url ?? nonEmpty(env['ELB_URL']) ?? USUAL_URL,
    token: tokenOf(flags),
    timeoutMs: timeout,
    ca,
  });
}

const USUAL_URL = 'http://127.0.0.1:8080';

function tokenOf({ token, 'token-file': file }: GlobalFlags): string | null {
  if (token !== null) return token;
  if (file === null) return nonEmpty(process.env['ELB_ADMIN_TOKEN']);
  const read = tokenKind.parse(readOrFail(file).trim());
  if (!(read instanceof Refusal)) return read;
  throw new Failure(EXIT.usage, `${file} does not hold a token: it must be ${read.expected}`);
}

function readOrFail(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** Asks where both ends are a person; the end of input is a no. */
async function confirm(question: string, usually: boolean): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return usually;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const asked = lines.question(`${question} [y/N] `);
    const closed = new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      lines.once('SIGINT', () => {
        process.stderr.write('\n');
        process.exit(EXIT.interrupted);
      });
    });
    return /^y(?:es)?$/i.test((await Promise.race([asked, closed])).trim());
  } finally {
    lines.close();
  }
}

function terminalKeys(): Keys {
  const { stdin } = process;
  return {
    listen(onKey) {
      const hear = (chunk: Buffer): void => onKey(chunk.toString());
      stdin.setRawMode(true);
      stdin.on('data', hear);
      stdin.resume();
      return () => {
        stdin.off('data', hear);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
  };
}

/** The first time whoever listens puts the terminal in order; where nobody does, or the second time, that is the end. */
function interrupt(interruption: AbortController): void {
  const isHeard = interruption.signal.onabort !== null && !interruption.signal.aborted;
  interruption.abort();
  if (isHeard) return;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.exit(EXIT.interrupted);
}

function endQuietly(error: Error): void {
  if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
}
