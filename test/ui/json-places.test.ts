import { expect } from 'chai';
import fc from 'fast-check';
import { placesOf, spanAt } from '../../ui/json-places.ts';

describe('places in JSON', () => {
  const text = '{\n  "init": "r1",\n  "rules": {"r1": {"type": "ua", "args": {"a/b": [1, "two"]}}}\n}';
  const rows: readonly (readonly [pointer: string, found: string])[] = [
    ['/init', '"r1"'],
    ['/rules/r1/type', '"ua"'],
    ['/rules/r1/args/a~1b/1', '"two"'],
    ['/rules/r1/args/missing', '"args"'],
    ['/rules/nope/args/x', '"rules"'],
    ['/nope', '{'],
  ];
  for (const [pointer, found] of rows) {
    it(`${pointer} is ${found}`, () => {
      const { from, to } = spanAt(placesOf(text), pointer);
      expect(text.slice(from, to)).to.equal(found);
    });
  }

  const wrong: readonly (readonly [text: string, at: number, msg: string])[] = [
    ['', 0, 'the text ends where a value should be'],
    ['{"a" 1}', 5, '"1" stands where a colon should be'],
    ['{"a": 1 "b": 2}', 8, '"\\"" stands where a comma or } should be'],
    ['{"a": 1,}', 8, '"}" stands where a name in quotes should be'],
    ['[1, 2', 5, 'the text ends where a comma or ] should be'],
    ['{"a": "x\ny"}', 8, '"\\n" stands where the rest of a string should be'],
    ['"\\q"', 1, '"\\\\" stands where the rest of a string should be'],
    ['tru', 0, '"t" stands where a value should be'],
    ['01', 1, '"1" stands where the end of the text should be'],
    ['{} {}', 3, '"{" stands where the end of the text should be'],
  ];
  for (const [bad, at, msg] of wrong) {
    it(`${JSON.stringify(bad)}: ${msg}`, () => {
      const { error } = placesOf(bad);
      expect([error?.from, error?.msg]).to.deep.equal([at, msg]);
    });
  }

  it('does not go deeper than a page may', () => {
    expect(placesOf('['.repeat(100_000)).error).to.include({ from: 501 });
  });

  it('accepts what JSON is and nothing else, and finds every value', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', '{', ']', ',', '"', '1', '\\', ' '), (json, at, junk) => {
        const place = at % (json.length + 1);
        const edited = json.slice(0, place) + junk + json.slice(place);
        expect(placesOf(edited).error === null).to.equal(isJson(edited));
        const { values } = placesOf(json);
        for (const [pointer, { from, to }] of values) {
          expect(JSON.parse(json.slice(from, to))).to.deep.equal(follow(JSON.parse(json), pointer));
        }
      }),
      { numRuns: 500 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function follow(value: unknown, pointer: string): unknown {
  let found = value;
  for (const step of pointer.split('/').slice(1)) {
    found = (found as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')]; // what the pointer was made of
  }
  return found;
}
