import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));

describe('compiled code', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-code-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is there at the next start although all were killed, and each process takes what the others have kept', async () => {
    const env = { NODE_COMPILE_CACHE: join(directory, 'code') };
    const elb = await startElb({ env });
    // Its primary answers once it has kept all.
    expect((await elb.admin('GET', 'status')).status).to.equal(200);
    // The supervisor first, or it starts another primary.
    elb.kill('SIGKILL');
    for (const pid of [elb.primary, ...elb.workers]) process.kill(pid, 'SIGKILL');
    await elb.exited;

    const said = await saidOfCode(env);
    for (const program of ['supervise.ts', 'serve.ts', 'worker.ts']) {
      expect(said).to.match(new RegExp(`bin/${program} was accepted`));
    }
    expect(said).not.to.include('was rejected');
  }).timeout(30_000);

  /** What the runtime says of the code of all processes of a start. */
  async function saidOfCode(env: Record<string, string>): Promise<string> {
    const file = join(directory, 'elb.yaml');
    writeFileSync(file, '{"domains": {}, "upstreams": {}}');
    const args = ['--file', file, '--state', join(directory, 'state'), '--listen', '127.0.0.1:0', '--workers', '1'];
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { PATH: process.env['PATH'], NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(child, 'close');
    await until('it serves', () => said.includes('"msg":"listening"'));
    child.kill('SIGTERM');
    await ended;
    return said;
  }
});
