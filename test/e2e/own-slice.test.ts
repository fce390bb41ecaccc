import { getPriority } from 'node:os';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { mayRaise } from '../fixtures/priority.ts';
import { hasOwnSlices, sliceOf } from '../fixtures/slices.ts';
import { until } from '../fixtures/until.ts';

const WORKER_NS = 100_000;
const PRIMARY_NS = 200_000;

describe('slices of the processor', () => {
  let elb: Elb;

  afterEach(() => elb.stop());

  async function workersThat(are: 'serving' | 'standby'): Promise<readonly number[]> {
    const { workers } = (await elb.admin('GET', 'status')).json() as {
      workers: readonly { pid: number; state: string }[];
    };
    return workers.filter(({ state }) => state === are).map(({ pid }) => pid);
  }

  const isOwn = (pid: number): boolean => sliceOf(pid) === WORKER_NS;
  const isShort = (pid: number): boolean => (sliceOf(pid) ?? Infinity) <= PRIMARY_NS;

  it('are short for workers that serve and for one that takes over, less so for the primary, and usual for others', async function () {
    elb = await startElb({ args: ['--workers', '1', '--own-slice', 'on'] });
    const [first = 0] = elb.workers;
    expect(isOwn(first)).to.equal(hasOwnSlices());
    await until('another one stands by', async () => (await workersThat('standby')).length === 1);
    const [spare = 0] = await workersThat('standby');
    expect(sliceOf(elb.primary) === PRIMARY_NS).to.equal(hasOwnSlices());
    expect([elb.pid, spare].filter(isShort)).to.deep.equal([]);
    process.kill(first, 'SIGKILL');
    await until('the other one serves', async () => (await workersThat('serving'))[0] === spare);
    await until('it has its slice', () => isOwn(spare) === hasOwnSlices());
    // One that a primary with a slice has started has the usual one.
    await until('the next one stands by', async () => (await workersThat('standby')).length === 1);
    expect((await workersThat('standby')).filter(isShort)).to.deep.equal([]);
    expect(getPriority(elb.primary)).to.equal(getPriority() + (mayRaise() ? 5 : 0));
    for (const pid of [...(await workersThat('serving')), ...(await workersThat('standby'))]) {
      expect(getPriority(pid)).to.equal(getPriority());
    }
    // Nobody is told of an experiment.
    expect(elb.stderr).to.deep.equal([]);
  });

  it('are left alone if an operator says so', async () => {
    elb = await startElb({ args: ['--workers', '1', '--own-slice', 'off'] });
    expect([elb.primary, ...elb.workers].filter(isShort)).to.deep.equal([]);
    expect(getPriority(elb.primary)).to.equal(getPriority());
  });
});
