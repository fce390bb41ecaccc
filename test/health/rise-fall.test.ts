import { expect } from 'chai';
import fc from 'fast-check';
import { Verdict } from '../../lib/health/check.ts';
import { RiseFall, type RiseFallOptions } from '../../lib/health/rise-fall.ts';

const PASS = Verdict.PASS;
const FAIL = Verdict.FAIL;
const NONE = Verdict.NONE;

describe('rise and fall', () => {
  const cases: readonly (readonly [
    what: string,
    options: Partial<RiseFallOptions>,
    findings: readonly number[],
    states: string,
  ])[] = [
    ['begins unknown, and one pass makes known what was assumed', {}, [PASS], 'up'],
    ['goes down after fall failures in a row', { fall: 3 }, [FAIL, FAIL, FAIL], 'unknown unknown down'],
    ['comes back after rise passes in a row', { rise: 2, fall: 1 }, [FAIL, PASS, PASS], 'down down up'],
    ['a pass breaks a row of failures', { fall: 2 }, [PASS, FAIL, PASS, FAIL, FAIL], 'up up up up down'],
    [
      'a failure breaks a row of passes',
      { fall: 1, rise: 2 },
      [FAIL, PASS, FAIL, PASS, PASS],
      'down down down down up',
    ],
    ['that begins down needs rise passes', { initial: 'down', rise: 2 }, [PASS, PASS], 'unknown up'],
    ['what says nothing breaks no row', { fall: 2 }, [PASS, FAIL, NONE, FAIL], 'up up up down'],
  ];
  for (const [what, differing, findings, states] of cases) {
    it(what, () => {
      const options = { rise: 2, fall: 2, initial: 'up' as const, ...differing };
      const one = new RiseFall(0);
      const seen = findings.map((verdict, i) => {
        one.take(verdict, 'reason', options, () => i + 1);
        return one.state;
      });
      expect(seen.join(' ')).to.equal(states);
    });
  }

  it('is usable or not while unknown as it is told', () => {
    const one = new RiseFall(0);
    expect(one.usable({ rise: 1, fall: 1, initial: 'up' })).to.equal(true);
    expect(one.usable({ rise: 1, fall: 1, initial: 'down' })).to.equal(false);
  });

  it('is what the last rise or fall findings say, whatever came before', () => {
    const finding = fc.constantFrom(PASS, FAIL, NONE);
    const few = fc.integer({ min: 1, max: 4 });
    const initial = fc.constantFrom('up' as const, 'down' as const);
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 40 }), few, few, initial, (findings, rise, fall, begin) => {
        const options = { rise, fall, initial: begin };
        const one = new RiseFall(0);
        let since = 0;
        for (const [i, verdict] of findings.entries()) {
          const turned = one.take(verdict, String(i), options, () => i + 1);
          if (turned) since = i + 1;
          expect(one.since).to.equal(since);
          const telling = findings.slice(0, i + 1).filter((other) => other !== NONE);
          if (telling.length >= fall && telling.slice(-fall).every((other) => other === FAIL)) {
            expect(one.state).to.equal('down');
          }
          if (telling.length >= rise && telling.slice(-rise).every((other) => other === PASS)) {
            expect(one.state).to.equal('up');
          }
          // It never turns on less than it takes.
          if (turned && one.state === 'down')
            expect(telling.slice(-fall).every((other) => other === FAIL)).to.equal(true);
        }
      }),
    );
  });
});
