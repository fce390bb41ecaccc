import { expect } from 'chai';
import fc from 'fast-check';
import { normalPath } from '../../lib/http/path.ts';

/** What `test/wire/targets.md` cannot say, because a parser would not let it through. */
const PATHS: [raw: string, normal: string | null][] = [
  ['', null],
  ['a', null],
  ['*', null],
  ['/a?b', null],
  ['/a#b', null],
  ['/a b', null],
  ['/ä', null],
  ['/€', null],
  ['/\u{1f600}', null],
  ['/a\0', null],
  ['/a\r\nX: y', null],
  ['/%2', null],
  ['/%E4%2', null],
  ['/%€1', null],
  ['/a%2E', '/a.'],
  ['/.a/..', '/'],
  ['/...;a', '/...;a'],
  ['/a;..', '/a;..'],
  ['/a;/..', '/'],
  ['/%3B..%2F', '/%3B..%2F'],
  ['/.%2F', null],
  ['/a%2F.', null],
  ['/a%2F.b', '/a%2F.b'],
  ['/a%5C..b', '/a%5C..b'],
  ['/a%2F../..', null],
];

/** Paths made of what matters to them. */
const path = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('/', '.', '..', '/..', '/.', '%2e', '%2E', '%2f', '%5C', ';', 'a', 'b', '~'),
      },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 1, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
      },
    ),
  )
  .map((parts) => `/${parts.join('')}`);

describe('normalPath', () => {
  for (const [raw, normal] of PATHS)
    it(`${JSON.stringify(raw)} is ${normal ?? 'refused'}`, () => {
      expect(normalPath(raw)).to.equal(normal);
    });

  it('is the same applied twice', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const normal = normalPath(raw);
        if (normal !== null) expect(normalPath(normal)).to.equal(normal);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves no dot segment, no needless escape and no lower case in escapes', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const normal = normalPath(raw);
        if (normal === null) return;
        expect(normal).to.match(/^\//);
        expect(normal).not.to.match(
          /\/\.\.?(\/|$)|%(4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9AE]|3\d|2[DE]|5F)|%([a-f].|.[a-f])/,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('hides no dot segment from a reader that takes escaped slashes for slashes or cuts parameters off', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const normal = normalPath(raw);
        if (normal === null) return;
        const cut = normal.split('/').map((segment) => segment.replace(/;.*/, ''));
        for (const read of [normal.replaceAll('%2F', '/'), normal.replaceAll('%5C', '/'), cut.join('/')])
          expect(read).not.to.match(/\/\.\.?(\/|$)/);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads dot segments as browsers do', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const normal = normalPath(raw);
        if (normal !== null) expect(normalPath(new URL(`http://a.test${raw}`).pathname)).to.equal(normal);
      }),
      { numRuns: 1000 },
    );
  });

  it('returns a path that is in normal form as it is', () => {
    for (const raw of ['/', '/a/b.c', '/a..b/', '//']) expect(normalPath(raw)).to.equal(raw);
  });
});
