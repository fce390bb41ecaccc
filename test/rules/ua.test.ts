import { expect } from 'chai';
import { ua } from '../../rules/ua.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule ua', () => {
  ruleContract(ua, [
    { pattern: 'httpie(\\S+)$', succ: 'a', fail: 'b' },
    { pattern: '^(a+)+$', succ: 'a', fail: null },
    { pattern: '[^A-Z]', fail: 'b' },
    { pattern: '' },
  ]);

  const table: readonly (readonly [pattern: string, agent: string | null, edge: 'succ' | 'fail'])[] = [
    ['httpie(\\S+)$', 'HTTPie/0.9.9', 'succ'],
    ['httpie(\\S+)$', 'HTTPie/0.9.9 more', 'fail'],
    ['HTTPie', 'HTTPie/0.9.9', 'succ'],
    ['HTTPie', 'httpie', 'succ'],
    ['httpie', 'x-HTTPIE', 'succ'],
    ['^httpie', 'x-httpie', 'fail'],
    ['curl', 'HTTPie/0.9.9', 'fail'],
    ['^[A-Z]{3}pie', 'httpie', 'succ'],
    ['^[^A-Z]+$', 'httpie', 'fail'],
    ['^\\S+\\s\\d', 'Agent 7', 'succ'],
    ['\\x48TTPIE', 'HttPie', 'succ'],
    ['ÄÖ', 'äö', 'succ'],
    ['.', '', 'fail'],
    ['', '', 'succ'],
    ['', null, 'fail'],
    ['.*', null, 'fail'],
  ];
  for (const [pattern, agent, edge] of table) {
    it(`${pattern || 'the empty pattern'} ${agent === null ? 'without User-Agent' : `in ${JSON.stringify(agent)}`}: ${edge}`, () => {
      const node = compileNode(ua, { pattern, succ: 'a', fail: 'b' });
      const decision = decide(node, { fields: agent === null ? {} : { 'user-agent': agent } });
      expect(decision.edge).to.equal(edge);
      expect(decision.plan).to.include({ upstream: null, fault: 0, path: null });
    });
  }

  const bad: readonly (readonly [args: Record<string, unknown>, at: string, msg: RegExp])[] = [
    [{}, '', /pattern/],
    [{ pattern: null }, '/pattern', /string/],
    [{ pattern: '(' }, '/pattern', /Unterminated group/],
    [{ pattern: '(?=a)' }, '/pattern', /look-around/],
    [{ pattern: 'a', succ: 1 }, '/succ', /string/],
    [{ pattern: 'a', success: 'x' }, '/success', /not an arg of ua; it takes pattern, succ, fail/],
    [{ pattern: 'a', regex: true }, '/regex', /not an arg of ua/],
  ];
  for (const [args, at, msg] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      const problems = problemsOf(ua, args);
      expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
      expect(problems[0]?.msg).to.match(msg);
    });
  }
});
