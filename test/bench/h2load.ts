import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOAD_CORE } from './process.ts';
import { HOST, requestText } from './request.ts';

export interface H2Load {
  readonly stdout: string;
  readonly done: number;
  readonly succeeded: number;
}

/** Asks by HTTP/2 on ten connections, on so many streams at once on each, as fast as replies come: with `h2load`. */
export async function runH2load(url: string, streams: number, seconds: number): Promise<H2Load> {
  const fields = requestText({ path: '/' })
    .split('\r\n')
    .slice(1, -2)
    .filter((line) => !/^(Host|Connection):/.test(line))
    .flatMap((line) => ['-H', line]);
  const bounds = ['-D', String(seconds), '-c', '10', '-m', String(streams)];
  const args = ['-c', LOAD_CORE, 'h2load', ...bounds, '-H', `:authority: ${HOST}`, ...fields, url];
  const { stdout } = await promisify(execFile)('taskset', args);
  const [, done = '0', succeeded = '0'] = /(\d+) done, (\d+) succeeded/.exec(stdout) ?? [];
  return { stdout, done: Number(done), succeeded: Number(succeeded) };
}
