import { expect } from 'chai';
import { assert, jsonValue, property } from 'fast-check';
import { parseJson } from '../../api/body.ts';

describe('admin body', () => {
  const bad: readonly (readonly [text: string | Uint8Array, msg: RegExp, at?: string])[] = [
    ['', /^no body$/],
    [' \n', /^no body$/],
    ['{', /^bad JSON: .*position 1/],
    ['{"a": }', /^bad JSON: .*/],
    ['{"a": 1}x', /^bad JSON: .*position 8/],
    ["{'a': 1}", /^bad JSON: .*position 1/],
    ['[1,]', /^bad JSON: /],
    ['NaN', /^bad JSON: /],
    ['{"a":1}{"a":1}', /^bad JSON: /],
    [Uint8Array.of(0x22, 0xff, 0x22), /^bad JSON: not UTF-8$/],
    ['{"a": 1, "a": 2}', /twice/, '/a'],
    ['{"a": 1, "\\u0061": 2}', /twice/, '/a'],
    ['{"x": [0, {"b/c": {"~": 1, "~": 2}}]}', /twice/, '/x/1/b~1c/~0'],
    ['{"__proto__": 1, "__proto__": 2}', /twice/, '/__proto__'],
    ['[{"a": [], "b": ["a"], "a": 1}]', /twice/, '/0/a'],
  ];
  for (const [text, msg, at] of bad) {
    it(`refuses ${typeof text === 'string' ? JSON.stringify(text) : 'bytes that are no UTF-8'}`, () => {
      const result = parseJson(bytesOf(text));
      expect(result.kind === 'bad' && result.bad).to.include({ status: 400, at: at ?? '' });
      expect(result.kind === 'bad' && result.bad.msg).to.match(msg);
    });
  }

  const good: readonly string[] = [
    '{}',
    '[]',
    'null',
    '"a"',
    '{"a": {"a": {"a": 1}}, "b": "a"}',
    '[{"a": 1}, {"a": 1}]',
    '{"a": "b", "b": "a", "c": "{\\"a\\": 1, \\"a\\": 1}"}',
    '{"": 1, "a,b": ":", "c": "]"}',
  ];
  for (const text of good) {
    it(`takes ${text}`, () => {
      expect(parseJson(bytesOf(text))).to.deep.equal({ kind: 'json', value: JSON.parse(text) as unknown });
    });
  }

  it('a byte order mark does not matter', () => {
    expect(parseJson(bytesOf('\uFEFF{}'))).to.deep.equal({ kind: 'json', value: {} });
  });

  it('`__proto__` is a name like any other', () => {
    const result = parseJson(bytesOf('{"__proto__": {"x": 1}}'));
    expect(result.kind === 'json' && Object.keys(result.value as object)).to.deep.equal(['__proto__']);
  });

  it('takes whatever JSON.stringify writes', () => {
    assert(
      property(jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(bytesOf(text))).to.deep.equal({ kind: 'json', value: JSON.parse(text) as unknown });
      }),
    );
  });
});

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text;
}
