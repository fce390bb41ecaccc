import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { mayRaise } from '../fixtures/priority.ts';
import { hasOwnSlices } from '../fixtures/slices.ts';

const module = (name: string): string => JSON.stringify(new URL(`../../lib/core/${name}.ts`, import.meta.url).href);

/** What a process says of itself, of what it starts within `start`, and of itself again. */
const PROGRAM = `
  import { readFileSync } from 'node:fs';
  import { spawnSync } from 'node:child_process';
  import { openLibc } from ${module('libc')};
  import { StandingBack } from ${module('standing-back')};
  const standing = new StandingBack();
  const self = () => of(readFileSync('/proc/self/task/' + process.pid + '/sched', 'utf8'));
  const child = () => of(spawnSync('cat', ['/proc/self/sched'], { encoding: 'utf8' }).stdout);
  const of = (text) => [Number(/^prio *: *(\\d+)$/m.exec(text)?.[1]) - 120, Number(/^se.slice *: *(\\d+)$/m.exec(text)?.[1] ?? 0)];
  const before = self();
  const told = [standing.start(child)];
  standing.begin(openLibc(), { debug() {} });
  told.push(self(), standing.start(child), self());
  let failed = 0;
  try { standing.start(() => { throw new Error('not started') }); } catch { failed = 1; }
  told.push(self());
  process.stdout.write(JSON.stringify({ before, told, failed }));`;

const run = promisify(execFile);

async function said(...before: readonly string[]): Promise<Said> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM];
  const [command = '', ...rest] = [...before, process.execPath, ...args];
  const { stdout } = await run(command, rest);
  return JSON.parse(stdout) as Said; // what the program prints
}

interface Said {
  readonly before: Scheduled;
  readonly told: readonly Scheduled[];
  readonly failed: number;
}

type Scheduled = readonly [nice: number, sliceNs: number];

describe('standing back', () => {
  for (const nice of [0, 3, -3]) {
    it(`gives the thread less, and what it starts what there was before, at a nice value of ${nice}`, async function () {
      const change = nice - getPriority();
      if (change < 0 && !mayRaise()) this.skip();
      const { before, told, failed } = await said('nice', '-n', String(change));
      const lower = mayRaise() ? nice + 5 : nice;
      const slice = hasOwnSlices() ? 200_000 : before[1];
      expect(before[0]).to.equal(nice);
      expect(told).to.deep.equal([before, [lower, slice], before, [lower, slice], [lower, slice]]);
      expect(failed).to.equal(1);
    });
  }

  it('leaves a priority alone that could not be raised again', async function () {
    if (process.getuid?.() !== 0) this.skip();
    // What a service without privileges has: no capability to raise it, and no limit that allows it.
    const { before, told } = await said(
      'setpriv',
      '--bounding-set=-sys_nice',
      '--inh-caps=-sys_nice',
      'prlimit',
      '--nice=0',
    );
    expect(told.map(([nice]) => nice)).to.deep.equal(told.map(() => before[0]));
  });
});
