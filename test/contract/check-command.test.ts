import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CommandCheck } from '../../lib/health/command-check.ts';
import type { CommandCheckOptions } from '../../lib/upstream/options/checks.ts';
import { checkOnce } from '../fixtures/check.ts';
import { until } from '../fixtures/until.ts';

const OPTIONS: CommandCheckOptions = { kind: 'command', command: '', args: [], passOutput: null, failOutput: null };
const PLACE = { host: '127.0.0.1', port: 8080, name: 'app.test' };

describe('check: command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elb-commands-'));
  after(() => rmSync(folder, { recursive: true }));

  function check(script: string, options: Partial<CommandCheckOptions> = {}): CommandCheck {
    const file = join(folder, 'probe');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return new CommandCheck({ ...OPTIONS, command: 'probe', ...options }, PLACE, folder);
  }

  const outputs = { passOutput: '1', failOutput: '0' };
  const cases: readonly (readonly [
    what: string,
    script: string,
    options: Partial<CommandCheckOptions>,
    finding: string,
  ])[] = [
    ['passes with exit code 0', 'exit 0', {}, 'pass exit code 0'],
    ['fails with another', 'exit 7', {}, 'fail exit code 7'],
    ['fails when a signal ends it', 'kill -9 $$', {}, 'fail ended by SIGKILL'],
    [
      'is given its arguments, the address and the port',
      'test "$*" = "-v a;b 127.0.0.1 8080"',
      { args: ['-v', 'a;b'] },
      'pass exit code 0',
    ],
    [
      'is told the name of the server, and nothing of our environment',
      'test "$ELB_SERVER" = app.test -a -z "$HOME"',
      {},
      'pass exit code 0',
    ],
    ['passes by its output', 'printf 1', outputs, 'pass expected output'],
    ['fails by its output', 'printf 0', outputs, 'fail failing output'],
    ['says nothing by another output', 'echo 1', outputs, 'none output that says nothing'],
    ['fails by its exit code whatever its output', 'printf 1; exit 1', outputs, 'fail exit code 1'],
  ];
  for (const [what, script, options, finding] of cases) {
    it(what, async () => {
      expect(await checkOnce(check(script, options))).to.equal(finding);
    });
  }

  it('fails where there is no such file, or it may not be run', async () => {
    expect(await checkOnce(new CommandCheck({ ...OPTIONS, command: 'none' }, PLACE, folder))).to.match(
      /^fail does not run: .*ENOENT/,
    );
    writeFileSync(join(folder, 'plain'), 'echo');
    expect(await checkOnce(new CommandCheck({ ...OPTIONS, command: 'plain' }, PLACE, folder))).to.match(
      /^fail does not run: .*EACCES/,
    );
  });

  it('ends with everything it has started when it is abandoned', async () => {
    const pids = join(folder, 'pids');
    const one = check(`sleep 1000 & echo $$ $! >${pids}; wait`);
    one.begin({ onChecked: () => expect.fail('told although it was abandoned') });
    await until('it has started', () => /^\d+ \d+\n$/.test(read(pids)));
    const started = read(pids).trim().split(' ').map(Number);
    expect(started.map(isRunning)).to.deep.equal([true, true]);
    one.abandon();
    await until('both have ended', () => !started.some(isRunning));
  });

  function read(file: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  }

  /** A process that has ended and is only not collected yet does not run. */
  function isRunning(pid: number): boolean {
    return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
  }
});
