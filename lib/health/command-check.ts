import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { CommandCheckOptions } from '../upstream/options/checks.ts';
import { Verdict, type Check, type CheckOwner, type CheckPlace } from './check.ts';

/**
 * Runs a program with the server's address and port behind its own arguments. Exit code 0 passes, any other fails; where the
 * options say what its output is, the output decides instead, and any other output says nothing.
 *
 * There is no shell, and the program is a file of the one directory that the operator of this machine has named: documents come
 * over the network. It leads a process group of its own, so that what it has started ends with it.
 */
export class CommandCheck implements Check {
  readonly #options: CommandCheckOptions;
  readonly #place: CheckPlace;
  readonly #directory: string;
  #child: ChildProcess | null = null;

  constructor(options: CommandCheckOptions, place: CheckPlace, directory: string) {
    this.#options = options;
    this.#place = place;
    this.#directory = directory;
  }

  begin(owner: CheckOwner): void {
    const { command, args } = this.#options;
    const { host, port, name } = this.#place;
    const child = spawn(join(this.#directory, command), [...args, host, String(port)], {
      cwd: this.#directory,
      env: { PATH: process.env['PATH'], ELB_SERVER: name },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child = child;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      if (output.length < MAX_OUTPUT) output += part;
    });
    child.on('error', (error) => this.#finish(owner, child, Verdict.FAIL, `does not run: ${error.message}`));
    child.on('close', (code, signal) => {
      const [verdict, reason] = this.#judge(code, signal, output);
      this.#finish(owner, child, verdict, reason);
    });
  }

  abandon(): void {
    const child = this.#child;
    this.#child = null;
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of its group has ended already.
    }
  }

  close(): void {
    this.abandon();
  }

  #judge(code: number | null, signal: string | null, output: string): [verdict: number, reason: string] {
    const { passOutput, failOutput } = this.#options;
    if (code === null) return [Verdict.FAIL, `ended by ${signal ?? 'a signal'}`];
    if (passOutput === null && failOutput === null)
      return [code === 0 ? Verdict.PASS : Verdict.FAIL, `exit code ${code}`];
    if (code !== 0) return [Verdict.FAIL, `exit code ${code}`];
    if (output === passOutput) return [Verdict.PASS, 'expected output'];
    if (output === failOutput) return [Verdict.FAIL, 'failing output'];
    return [Verdict.NONE, 'output that says nothing'];
  }

  #finish(owner: CheckOwner, child: ChildProcess, verdict: number, reason: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    owner.onChecked(verdict, reason);
  }
}

/** How much output is looked at, in characters. */
const MAX_OUTPUT = 65_536;
