import { expect } from 'chai';
import fc from 'fast-check';
import { cookieValue } from '../../lib/http/request-value.ts';
import { firstQueryValue, queryValues } from '../../lib/routing/names.ts';

const NAMES = ['a', 'ab', 'a b', 'a+b', 'a=b', '%', 'a%20b', 'Ã¤', '='];
const pieces = fc.constantFrom(
  ...NAMES,
  '=',
  '&',
  '&&',
  '+',
  '%',
  '%20',
  '%C3%A4',
  '%C3',
  '%61',
  '1',
  '?',
  ';',
  '; ',
  ' ',
);
const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));

describe('a value of a request by its name', () => {
  it('is the parameter of a query that a form has', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...NAMES), (query, name) => {
        const known = query === '' ? [] : new URLSearchParams(`?${query}`).getAll(name);
        const given = query === '' ? '' : `?${query}`;
        expect(queryValues(given, name)).to.deep.equal(known);
        expect(firstQueryValue(given, name)).to.equal(known[0] ?? null);
      }),
      { numRuns: 3000 },
    );
  });

  it('is the cookie that a field has, the first of two, without blanks around it', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('a', 'ab', '%'), (field, name) => {
        const known = field
          .split(';')
          .map((part) => part.replace(/^ +/, ''))
          .find((part) => part.startsWith(`${name}=`));
        expect(cookieValue(field, name)).to.equal(known === undefined ? null : known.slice(name.length + 1).trimEnd());
      }),
      { numRuns: 3000 },
    );
  });
});
