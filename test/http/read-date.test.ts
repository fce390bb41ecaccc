import { expect } from 'chai';
import { readDate } from '../../lib/http/read-date.ts';

describe('dates of HTTP', () => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37);
  const rows: Readonly<Record<string, number | null>> = {
    'Sun, 06 Nov 1994 08:49:37 GMT': at,
    'Sunday, 06-Nov-94 08:49:37 GMT': at,
    'Sun Nov  6 08:49:37 1994': at,
    'Sun Nov 06 08:49:37 1994': at,
    'Fri, 31 Dec 2100 23:59:59 GMT': Date.UTC(2100, 11, 31, 23, 59, 59),
    'Wednesday, 01-Jan-25 00:00:00 GMT': Date.UTC(2025, 0, 1),
    '': null,
    '0': null,
    '-1': null,
    now: null,
    'Sun, 06 Nov 1994 08:49:37': null,
    'Sun, 06 Nov 1994 08:49:37 +0200': null,
    'Sun, 06 Nov 1994 25:49:37 GMT': null,
    'Sun, 06 Xyz 1994 08:49:37 GMT': null,
    'Sunday, 06-Nov-1994 08:49:37 GMT': null,
    'Sun Nov  6 08:49:37 1994 GMT': null,
    '1994-11-06T08:49:37Z': null,
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT': null,
  };
  for (const [text, ms] of Object.entries(rows))
    it(`${JSON.stringify(text)}: ${ms === null ? 'none' : 'taken'}`, () => expect(readDate(text)).to.equal(ms));
  it('nothing: none', () => expect(readDate(null)).to.equal(null));
});
