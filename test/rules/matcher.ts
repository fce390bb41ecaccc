import { expect } from 'chai';
import type { Rule } from '../../lib/routing/rule.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

/** A question, a request, and whether the request fits. */
export type Case = readonly [args: Readonly<Record<string, unknown>>, request: RequestParts, fits: boolean];
/** Args that are refused, where, and why. */
export type Refusal = readonly [args: Readonly<Record<string, unknown>>, at: string, msg: RegExp];

/** What every two-way rule keeps to, and its tables. */
export function matcherSuite(rule: Rule, cases: readonly Case[], refusals: readonly Refusal[]): void {
  describe(`rule ${rule.type}`, () => {
    const distinct = new Map(cases.map(([args]) => [JSON.stringify(args), args]));
    ruleContract(
      rule,
      [...distinct.values()].map((args) => ({ ...args, succ: 'a', fail: 'b' })),
    );

    it('can be asked inside of others', () => {
      expect(rule.test).to.be.a('function');
    });

    for (const [args, request, fits] of cases) {
      const title = `${JSON.stringify(args)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(request)}`;
      it(title, () => {
        const { edge, plan } = decide(compileNode(rule, { ...args, succ: 'a', fail: 'b' }), request);
        expect(edge).to.equal(fits ? 'succ' : 'fail');
        expect(plan).to.include({ upstream: null, fault: 0, path: null });
      });
    }

    for (const [args, at, msg] of refusals) {
      it(`refuses ${JSON.stringify(args)}`, () => {
        const problems = problemsOf(rule, args);
        expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
        expect(problems[0]?.msg).to.match(msg);
      });
    }
  });
}
