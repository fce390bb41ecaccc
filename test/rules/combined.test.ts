import { expect } from 'chai';
import { all } from '../../rules/all.ts';
import { any } from '../../rules/any.ts';
import { not } from '../../rules/not.ts';
import { problemsOf } from './contract.ts';
import { matcherSuite } from './matcher.ts';

const get = { method: { exact: 'GET' } };
const beta = { header: { name: 'x-beta', present: true } };
const withBeta = { fields: { 'x-beta': '' } };

matcherSuite(
  all,
  [
    [{ of: [get, beta] }, withBeta, true],
    [{ of: [get, beta] }, {}, false],
    [{ of: [get, { not: { of: beta } }] }, {}, true],
    [{ of: [{ any: { of: [get, beta] } }, { all: { of: [get] } }] }, {}, true],
  ],
  [
    [{ of: [] }, '/of', /fewer than 1/],
    [{ of: [get, {}] }, '/of/1', /fewer than 1/],
    [{ of: [{ ...get, ...beta }] }, '/of/0', /more than 1/],
    [{ of: [{ backend: {} }] }, '/of/0/backend', /is not a question: there are .*method/],
    [{ of: [{ __proto: {} }] }, '/of/0/__proto', /is not a question/],
    [{ of: [{ method: { exact: 'GET', succ: 'a' } }] }, '/of/0/method/succ', /have no edges/],
    [{ of: [get, { not: { of: { ip: { networks: ['x'] } } } }] }, '/of/1/not/of/ip/networks/0', /is not a network/],
    [{ of: [{ header: { exact: 'a' } }] }, '/of/0/header', /name/],
  ],
);

matcherSuite(
  any,
  [
    [{ of: [get, beta] }, { method: 'POST' }, false],
    [{ of: [get, beta] }, { method: 'POST', ...withBeta }, true],
    [{ of: [get, beta] }, { method: 'GET' }, true],
  ],
  [[{ of: [{ backend: {} }] }, '/of/0/backend', /is not a question/]],
);

matcherSuite(
  not,
  [
    [{ of: get }, { method: 'GET' }, false],
    [{ of: get }, { method: 'POST' }, true],
    [{ of: { not: { of: get } } }, { method: 'GET' }, true],
  ],
  [[{ of: [get] }, '/of', /object/]],
);

describe('questions inside of questions', () => {
  it('are refused where they are nested so deeply that a walk could run out of stack', () => {
    let question: Record<string, unknown> = get;
    for (let i = 0; i < 10_000; i++) question = { not: { of: question } };
    const problems = problemsOf(not, { of: question });
    expect(problems).to.have.length(1);
    expect(problems[0]?.msg).to.equal('stands inside of more than 32 others');
  });
});
