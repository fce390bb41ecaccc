import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LOAD_CORE } from './process.ts';
import { requestText } from './request.ts';
import type { RequestOptions } from './request.ts';

/** What a load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Connections and requests that failed, and replies with a status of 400 or more. */
  readonly errors: number;
}

export interface Load extends RequestOptions {
  readonly connections: number;
  /** By TLS, to a certificate for `localhost`. */
  readonly secure?: boolean;
}

/** Sends the same request on every connection as fast as replies come, with `wrk`. */
export async function runWrk(load: Load, port: number, seconds: number, directory: string): Promise<LoadResult> {
  const script = join(directory, 'wrk.lua');
  writeFileSync(script, scriptOf(requestText(load)));
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script];
  const { stdout } = await run('taskset', [
    '-c',
    LOAD_CORE,
    'wrk',
    ...args,
    load.secure === true ? `https://localhost:${port}/` : `http://127.0.0.1:${port}/`,
  ]);
  return readResult(stdout, 'wrk');
}

/** What an open-loop generator saw; times count from the moment a request was due. */
export interface PacedResult extends LoadResult {
  /** How late the generator itself was: 99th percentile of the time from the moment due to the moment sent or queued. */
  readonly lateUs: number;
  /** Requests without the reply that the first one had: how many by status, or `closed`, or `none` within two seconds after the end. */
  readonly failures: Readonly<Record<string, number>>;
}

/**
 * Sends requests at a fixed rate whether or not replies come, with `programs/paced-load.ts`: from what others leave of its core, or, with a
 * file for what became of each request, sleeping between them, so that it can come before others.
 */
export async function runPaced(
  load: Load,
  port: number,
  rate: number,
  seconds: number,
  file: string | null = null,
): Promise<PacedResult> {
  const program = fileURLToPath(new URL('programs/paced-load.ts', import.meta.url));
  const numbers = [port, rate.toFixed(0), seconds, load.connections].map(String);
  const policy = ['chrt', file === null ? '--idle' : '--other', '0'];
  const args = ['-c', LOAD_CORE, ...policy, process.execPath, program, ...numbers, load.path];
  if (file !== null) args.push(file);
  const { stdout } = await run('taskset', args);
  // The generator adds one figure to those of a LoadResult.
  return readResult(stdout, 'paced-load') as PacedResult;
}

/** Takes the one line of JSON out of what a load generator prints. */
export function readResult(output: string, generator: string): LoadResult {
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`no result from ${generator}:\n${output}`);
  // Printed by a script of ours in this shape.
  return JSON.parse(line) as LoadResult;
}

const run = promisify(execFile);

/** `wrk` asks `wrk.format` once and repeats the text: no Lua runs while it measures. */
function scriptOf(request: string): string {
  return `local request = ${luaString(request)}
wrk.format = function() return request end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"bytes":%d,"seconds":%f,"p50Us":%d,"p99Us":%d,"p999Us":%d,"errors":%d}\\n',
    summary.requests, summary.bytes, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;
}

/** JSON's escapes for what a request holds (CR, LF, quotes, backslashes) are Lua's too. */
function luaString(text: string): string {
  return JSON.stringify(text);
}
