import { cookie } from '../../rules/cookie.ts';
import { matcherSuite } from './matcher.ts';

const jar = (text: string) => ({ fields: { cookie: text } });

matcherSuite(
  cookie,
  [
    [{ name: 'a', exact: '1' }, jar('a=1'), true],
    [{ name: 'a', exact: '1' }, jar('b=2; a=1'), true],
    [{ name: 'a', exact: '1' }, jar('b=2;a=1;c=3'), true],
    [{ name: 'a', exact: '1' }, jar('a=1; a=2'), true],
    [{ name: 'a', exact: '2' }, jar('a=1; a=2'), false],
    [{ name: 'a', exact: '1' }, jar('aa=1; xa=1; A=1'), false],
    [{ name: 'a', exact: '1=2' }, jar('a=1=2'), true],
    [{ name: 'a', exact: '"q"' }, jar('a="q"'), true],
    [{ name: 'a', exact: '"' }, jar('a="'), true],
    [{ name: 'a', exact: '' }, jar('a='), true],
    [{ name: 'a', present: true }, jar('a'), false],
    [{ name: 'a', present: true }, jar('b=a=1'), false],
    [{ name: 'a', present: false }, {}, true],
    [{ name: 'a', exact: '1' }, jar(' ; ;a=1, b=2'), false],
    [{ name: 'a', exact: '1' }, jar('x=1, a=1'), false],
    [{ name: '__proto__', present: true }, jar('a=1'), false],
  ],
  [
    [{ name: 'a=b', exact: '1' }, '/name', /pattern/],
    [{ name: 'a' }, '', /needs exactly one/],
    [{ exact: '1' }, '', /name/],
  ],
);
