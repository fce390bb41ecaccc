import { query } from '../../rules/query.ts';
import { matcherSuite } from './matcher.ts';

matcherSuite(
  query,
  [
    [{ name: 'v', exact: '2' }, { query: '?v=2' }, true],
    [{ name: 'v', exact: '2' }, { query: '?a=1&v=2&b' }, true],
    [{ name: 'v', exact: '2' }, { query: '?v=1&v=2' }, true],
    [{ name: 'v', exact: '3' }, { query: '?v=1&v=2' }, false],
    [{ name: 'v', exact: 'a b' }, { query: '?v=a+b' }, true],
    [{ name: 'v', exact: 'a b' }, { query: '?v=a%20b' }, true],
    [{ name: 'v', exact: 'ä' }, { query: '?v=%C3%A4' }, true],
    [{ name: 'ä', present: true }, { query: '?%C3%A4' }, true],
    [{ name: 'v', exact: '%' }, { query: '?v=%' }, true],
    [{ name: 'v', present: true }, { query: '?vv=1' }, false],
    [{ name: 'v', exact: '' }, { query: '?v' }, true],
    [{ name: 'v', present: false }, { query: '' }, true],
    [{ name: 'v', present: false }, { query: '?' }, true],
    [{ name: '__proto__', present: true }, { query: '?a=1' }, false],
  ],
  [
    [{ name: '', exact: '1' }, '/name', /fewer than 1/],
    [{ exact: '1' }, '', /name/],
    [{ name: 'v' }, '', /needs exactly one/],
  ],
);
