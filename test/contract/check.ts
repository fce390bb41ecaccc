import { expect } from 'chai';
import type { Check } from '../../lib/health/check.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import type { Program } from '../fixtures/program.ts';

/** A kind of check, and a real server that is well in its sense. */
export interface CheckUnderTest {
  start(port: number): Promise<Program>;
  make(port: number): Check;
  readonly passed: string;
  /** What is found where nobody listens. */
  readonly refused: string;
  /** Whether a server that is stopped in the middle of its work is one that does not answer. */
  readonly noticesFrozen: boolean;
}

/** What every kind of check does, run by each of them. */
export function describeCheck(name: string, subject: CheckUnderTest): void {
  describe(`check: ${name}`, () => {
    let port = 0;
    let server: Program;
    let check: Check;

    before(async () => {
      port = freePort();
      server = await subject.start(port);
      check = subject.make(port);
    });
    after(async () => {
      check.close();
      await server.stop();
    });

    it('passes a server that is well, again and again', async () => {
      for (let i = 0; i < 5; i++) expect(await checkOnce(check)).to.equal(subject.passed);
    });

    it('fails one that is gone, and passes it when it is back', async () => {
      await server.stop();
      expect(await checkOnce(check)).to.equal(subject.refused);
      expect(await checkOnce(check)).to.equal(subject.refused);
      server = await subject.start(port);
      expect(await checkOnce(check)).to.equal(subject.passed);
    });

    it('says nothing once it is abandoned, and can be begun again', async () => {
      for (let i = 0; i < 3; i++) {
        check.begin({ onChecked: () => expect.fail('told although it was abandoned') });
        check.abandon();
        expect(await checkOnce(check)).to.equal(subject.passed);
      }
    });

    if (subject.noticesFrozen) {
      it('has no finding of a server that does not answer', async () => {
        await server.freeze();
        check.begin({ onChecked: () => expect.fail('told although nobody can have answered') });
        // Another server is asked and answers meanwhile.
        const otherPort = freePort();
        const other = await subject.start(otherPort);
        const otherCheck = subject.make(otherPort);
        expect(await checkOnce(otherCheck)).to.equal(subject.passed);
        otherCheck.close();
        await other.stop();
        check.abandon();
        server.thaw();
        expect(await checkOnce(check)).to.equal(subject.passed);
      });
    }
  });
}
