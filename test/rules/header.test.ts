import { header } from '../../rules/header.ts';
import { matcherSuite } from './matcher.ts';

const beta = { fields: { 'x-beta': 'Yes, no' } };

matcherSuite(
  header,
  [
    [{ name: 'X-Beta', exact: 'Yes, no' }, beta, true],
    [{ name: 'x-beta', exact: 'yes, no' }, beta, false],
    [{ name: 'x-beta', exact: 'YES, no', ignore_case: true }, beta, true],
    [{ name: 'x-beta', prefix: 'Yes' }, beta, true],
    [{ name: 'x-beta', suffix: 'no' }, beta, true],
    [{ name: 'x-beta', contains: 's, n' }, beta, true],
    [{ name: 'x-beta', contains: 'S, N', ignore_case: true }, beta, true],
    [{ name: 'x-beta', pattern: '^y', ignore_case: true }, beta, true],
    [{ name: 'x-beta', pattern: '^y' }, beta, false],
    [{ name: 'x-beta', in: ['a', 'Yes, no'] }, beta, true],
    [{ name: 'x-beta', in: ['a'] }, beta, false],
    [{ name: 'x-beta', present: true }, beta, true],
    [{ name: 'x-beta', present: true }, {}, false],
    [{ name: 'x-beta', present: false }, {}, true],
    [{ name: 'x-beta', present: true }, { fields: { 'x-beta': '' } }, true],
    [{ name: 'x-beta', exact: '' }, {}, false],
    [{ name: 'x-beta', exact: '' }, { fields: { 'x-beta': '' } }, true],
    [{ name: 'x-beta', prefix: '' }, {}, false],
    [{ name: '__proto__', present: true }, {}, false],
  ],
  [
    [{ exact: 'a' }, '', /name/],
    [{ name: 'a b', exact: 'a' }, '/name', /pattern/],
    [{ name: '', exact: 'a' }, '/name', /pattern/],
    [{ name: 'a' }, '', /needs exactly one/],
    [{ name: 'a', pattern: '(?=a)' }, '/pattern', /look-around/],
  ],
);
