import { expect } from 'chai';
import type { BodySink } from '../../lib/exchange/body-sink.ts';
import { Holder } from '../../lib/exchange/holder.ts';
import { Recorder } from '../../lib/exchange/recorder.ts';

const NOWHERE: BodySink = { data: () => undefined, finish: () => undefined, flush: () => undefined };
const BYTE = Buffer.from('x');

/** What is kept of a body on its way takes memory by its bytes, not by the pieces that it comes in. */
describe('bodies that are kept on their way', () => {
  let reserved = 0;
  let most = 0;
  let kept: Buffer | null = null;
  let given = 0;
  const recording = (bound: number) => ({
    reserve(bytes: number): boolean {
      if (reserved + bytes > bound) return false;
      reserved += bytes;
      most = Math.max(most, reserved);
      return true;
    },
    release(bytes: number): void {
      reserved -= bytes;
    },
    keep(body: Buffer): void {
      kept = body;
    },
    givesUp(): void {
      given++;
    },
  });
  beforeEach(() => {
    reserved = 0;
    most = 0;
    kept = null;
    given = 0;
  });

  it('a recorder has reserved what it has, and gives it back', () => {
    const recorder = new Recorder(recording(Infinity), NOWHERE, 1_000_000);
    for (let i = 0; i < 1000; i++) recorder.data(BYTE, 0, 1);
    expect(reserved).to.be.within(1000, 2000);
    recorder.finish('');
    expect([kept!.length, kept!.buffer.byteLength, reserved]).to.deep.equal([1000, 1000, 0]);
  });

  it('gives up beyond its bound, beyond the bound of all, with trailers, and when it is closed', () => {
    const cases: Readonly<Record<string, (recorder: Recorder) => void>> = {
      bound: (recorder) => recorder.data(Buffer.alloc(101), 0, 101),
      all: (recorder) => recorder.data(Buffer.alloc(60), 0, 60),
      trailers: (recorder) => recorder.finish('X: 1\r\n'),
      closed: (recorder) => recorder.close(),
    };
    for (const [name, give] of Object.entries(cases)) {
      const recorder = new Recorder(recording(50), NOWHERE, 100);
      recorder.data(BYTE, 0, 1);
      give(recorder);
      recorder.data(BYTE, 0, 1);
      recorder.finish('');
      expect([kept, reserved, given], name).to.deep.equal([null, 0, name === 'closed' ? 0 : 1]);
      given = 0;
    }
  });

  const grown = (feed: () => void): number => {
    const before = process.memoryUsage();
    feed();
    const after = process.memoryUsage();
    return after.heapUsed + after.external - before.heapUsed - before.external;
  };
  it('a million bytes that come one by one are no million pieces', () => {
    const recorder = new Recorder(recording(Infinity), NOWHERE, 2_000_000);
    const holder = new Holder({ onHeld: () => null }, 2_000_000);
    for (const sink of [recorder, holder])
      expect(
        grown(() => {
          for (let i = 0; i < 1_000_000; i++) sink.data(BYTE, 0, 1);
        }),
      ).to.be.below(30_000_000);
    expect(most).to.be.below(2_100_000);
  });
});
