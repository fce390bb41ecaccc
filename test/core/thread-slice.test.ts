import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import type { Libc } from '../../lib/core/libc.ts';
import { threadSlice, usualSlice } from '../../lib/core/thread-slice.ts';
import { hasOwnSlices } from '../fixtures/slices.ts';

const USUAL_NS = 1_400_000;
const WANTED_NS = 100_000;

/** A kernel that has one thread; what it was asked to set is in `set`. */
function kernel({ policy = 0, sliceNs = USUAL_NS, nice = 7, refuses = false, deaf = false } = {}): {
  libc: Libc;
  set: number[];
} {
  const set: number[] = [];
  const systemCall: Libc['systemCall'] = (number, thread, attributes) => {
    if (thread !== 0) throw new Error('of another thread');
    if (number === 315) {
      attributes.writeUInt32LE(48, 0);
      attributes.writeUInt32LE(policy, 4);
      attributes.writeInt32LE(nice, 16);
      attributes.writeBigUInt64LE(BigInt(set.length > 0 && !deaf ? (set.at(-1) ?? 0) : sliceNs), 24);
      return 0;
    }
    if (number !== 314) throw new Error(`call ${number}`);
    if (refuses) return -1;
    // Nothing else of the thread changes.
    expect([attributes.readUInt32LE(4), attributes.readInt32LE(16)]).to.deep.equal([policy, nice]);
    // It would take a priority above the usual from what is started later.
    expect(attributes.readBigUInt64LE(8), 'reset on fork').to.equal(nice < 0 ? 0n : 1n);
    set.push(Number(attributes.readBigUInt64LE(24)));
    return 0;
  };
  return { libc: { systemCall, yieldProcessor: () => undefined }, set };
}

describe('slice of a thread', () => {
  const cases = [
    { what: 'is set where it was longer', of: {}, answer: WANTED_NS, set: [WANTED_NS] },
    {
      what: 'is set in a thread that has a priority above the usual',
      of: { nice: -5 },
      answer: WANTED_NS,
      set: [WANTED_NS],
    },
    { what: 'is left where it is shorter', of: { sliceNs: 50_000 }, answer: 50_000, set: [] },
    { what: 'is not there before Linux 6.12', of: { sliceNs: 0 }, answer: null, set: [] },
    { what: 'is refused', of: { refuses: true }, answer: null, set: [] },
    { what: 'is left where somebody has chosen a policy', of: { policy: 1 }, answer: null, set: [] },
    { what: 'is what the kernel makes of it', of: { deaf: true }, answer: USUAL_NS, set: [WANTED_NS] },
  ];
  for (const { what, of, answer, set } of cases) {
    it(what, () => {
      const asked = kernel(of);
      expect(threadSlice(asked.libc, WANTED_NS, 'x64')).to.equal(answer);
      expect(asked.set).to.deep.equal(set);
    });
  }

  it('is given back', () => {
    const asked = kernel({ sliceNs: WANTED_NS });
    usualSlice(asked.libc, 'x64');
    expect(asked.set).to.deep.equal([0]);
  });

  it('is not asked for where the calls have other numbers', () => {
    const asked = kernel();
    expect(threadSlice(asked.libc, WANTED_NS, 's390x')).to.equal(null);
    expect(asked.set).to.deep.equal([]);
  });

  it('is in force in a real thread', () => {
    const module = (name: string): string => JSON.stringify(new URL(`../../lib/core/${name}.ts`, import.meta.url).href);
    const program = `
      import { openLibc } from ${module('libc')};
      import { threadSlice } from ${module('thread-slice')};
      const libc = openLibc();
      libc.yieldProcessor();
      process.stdout.write(String(threadSlice(libc, ${WANTED_NS})));`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
    const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
    expect(said).to.equal(hasOwnSlices() ? String(WANTED_NS) : 'null');
  });

  it('is not to be had without node:ffi', () => {
    const program = `
      import { openLibc } from ${JSON.stringify(new URL('../../lib/core/libc.ts', import.meta.url).href)};
      process.stdout.write(String(openLibc()));`;
    for (const flags of [['--no-experimental-ffi'], ['--permission', '--allow-fs-read=*']]) {
      const args = [...flags, '--input-type=module', '--eval', program];
      const said = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      expect(said, flags[0]).to.equal('null');
    }
  });
});
