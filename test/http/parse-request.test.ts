import { expect } from 'chai';
import { faultOf, type FaultName } from '../../lib/core/faults.ts';
import { Head, Known, type HeadLimits } from '../../lib/http/head.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';

const LIMITS: HeadLimits = { maxHeadBytes: 1000, maxFields: 4 };
const LINE = 'GET / HTTP/1.1\r\n';

/** What has come when it is refused: one byte less is still the beginning of a request. */
const EARLIEST: [what: string, start: string, fault: FaultName][] = [
  ['no method', 'G\x00', 'BAD_METHOD'],
  ['TLS', '\x16', 'TLS_TO_PLAIN_PORT'],
  ['HTTP/2', 'PRI ', 'HTTP2_PREFACE'],
  ['a reply', 'HTTP/', 'BAD_METHOD'],
  ['a second empty line', '\r\n\r', 'BAD_METHOD'],
  ['a method too long', 'X'.repeat(33), 'METHOD_NOT_ALLOWED'],
  ['no target', 'GET  ', 'BAD_TARGET'],
  ['a fragment', 'GET /a#', 'BAD_TARGET'],
  ['HTTP/0.9', 'GET /\r', 'BAD_VERSION'],
  ['a target too long', `GET /${'a'.repeat(500)}`, 'TARGET_TOO_LONG'],
  ['another protocol', 'GET / X', 'BAD_VERSION'],
  ['a version without digits', 'GET / HTTP/x', 'BAD_VERSION'],
  ['a version without a point', 'GET / HTTP/1x', 'BAD_VERSION'],
  ['HTTP/2 without its preface', 'GET / HTTP/2.0', 'UNSUPPORTED_VERSION'],
  ['a bare LF', `${LINE.slice(0, -2)}\n`, 'BAD_LINE_END'],
  ['a bare CR', `${LINE.slice(0, -1)}X`, 'BAD_LINE_END'],
  ['a line that begins with a space', `${LINE} `, 'FOLDED_FIELD'],
  ['an empty name', `${LINE}:`, 'BAD_FIELD_NAME'],
  ['a space before the colon', `${LINE}X `, 'BAD_FIELD_NAME'],
  ['a control byte in a value', `${LINE}X: a\x00`, 'BAD_FIELD_VALUE'],
  ['a bare LF behind a value', `${LINE}X: a\n`, 'BAD_LINE_END'],
  ['a bare CR behind a value', `${LINE}X: a\r\r`, 'BAD_LINE_END'],
  ['a bare CR for an empty line', `${LINE}\rX`, 'BAD_LINE_END'],
  ['a fifth field', `${LINE}${'X: y\r\n'.repeat(4)}X`, 'TOO_MANY_FIELDS'],
  ['a head too large', `${LINE}X: ${'y'.repeat(1000 - LINE.length - 3)}`, 'HEAD_TOO_LARGE'],
];

describe('parseRequestHead', () => {
  it('says whether all values are visible ASCII and blanks, wherever another byte stands', () => {
    const head = new Head(LIMITS.maxFields);
    for (let at = 0; at < 9; at++) {
      for (const byte of ['a', ' ', '~', '\t', '\x80', '\xff']) {
        const value = `x${'y'.repeat(at)}${byte}${'z'.repeat(8 - at)}`;
        const bytes = Buffer.from(`${LINE}A: b\r\nX: ${value}\r\nC: d\r\n\r\n`, 'latin1');
        expect(parseRequestHead(head, bytes, 0, bytes.length, LIMITS)).to.equal(bytes.length);
        expect(head.isPlain, JSON.stringify(value)).to.equal('a ~'.includes(byte));
      }
    }
  });

  for (const [what, start, fault] of EARLIEST)
    it(`refuses ${what} at its first wrong byte`, () => {
      expect(name(parse(start))).to.equal(fault);
      expect(parse(start.slice(0, -1))).to.equal(0);
      expect(name(parse(`${start} and whatever comes behind\r\n\r\n`))).to.equal(fault);
    });

  it('fills a head', () => {
    const head = new Head(4);
    const text = 'PUT /a?b HTTP/1.0\r\nHost: a.test\r\nX:  y z\t\r\nx: 2\r\n\r\n';
    const at = parse(`\r\n${text}rest`, LIMITS, head);
    expect(at).to.equal(text.length + 2);
    expect([head.start, head.end, head.minor, head.status]).to.deep.equal([2, at, 0, 0]);
    expect([head.method(), head.target(), head.reason(), head.count]).to.deep.equal(['PUT', '/a?b', '', 3]);
    expect([0, 1, 2].map((i) => [head.name(i), head.value(i), head.known[i]])).to.deep.equal([
      ['Host', 'a.test', Known.HOST],
      ['X', 'y z', 0],
      ['x', '2', 0],
    ]);
    expect(head.seen).to.equal(1 << Known.HOST);
    expect(head.find(Known.HOST)).to.equal(0);
    expect(head.find(Known.EXPECT)).to.equal(-1);
    expect([head.get('x'), head.get('host'), head.get('y')]).to.deep.equal(['y z, 2', 'a.test', null]);
  });

  it('leaves nothing of an earlier head in it', () => {
    const head = new Head(4);
    parse(`${LINE}Host: a\r\nExpect: b\r\n\r\n`, LIMITS, head);
    parse(`${LINE}X: y\r\n\r\n`, LIMITS, head);
    expect([head.count, head.seen, head.get('host')]).to.deep.equal([1, 0, null]);
  });

  it('keeps its meaning when its bytes move', () => {
    const head = new Head(4);
    parse(`\r\n${LINE}Host: a.test\r\n\r\n`, LIMITS, head);
    const copy = head.copy();
    head.bytes.fill(0);
    expect([copy.method(), copy.target(), copy.get('host'), copy.start, copy.end]).to.deep.equal([
      'GET',
      '/',
      'a.test',
      0,
      32,
    ]);
  });

  it('reads between its offsets only', () => {
    const head = new Head(4);
    const bytes = Buffer.from(`\x00${LINE}\r\n\x00`);
    expect(parseRequestHead(head, bytes, 1, bytes.length - 1, LIMITS)).to.equal(bytes.length - 1);
    expect(parseRequestHead(head, bytes, 1, bytes.length - 2, LIMITS)).to.equal(0);
    expect(parseRequestHead(head, bytes, 5, 5, LIMITS)).to.equal(0);
  });

  const SIZES: [what: string, text: string, limits: Partial<HeadLimits>, outcome: string][] = [
    ['a head as large as allowed', `${LINE}X: y\r\n\r\n`, { maxHeadBytes: 24 }, 'read'],
    ['a head with a byte too many', `${LINE}X: yz\r\n\r\n`, { maxHeadBytes: 24 }, 'HEAD_TOO_LARGE'],
    ['an empty line before a head as large as allowed', `\r\n${LINE}X: y\r\n\r\n`, { maxHeadBytes: 24 }, 'read'],
    ['as many fields as allowed', `${LINE}${'X: y\r\n'.repeat(4)}\r\n`, {}, 'read'],
    ['no field where none is allowed', `${LINE}\r\n`, { maxFields: 0 }, 'read'],
    ['more fields than its record holds', `${LINE}${'X: y\r\n'.repeat(5)}\r\n`, { maxFields: 9 }, 'TOO_MANY_FIELDS'],
    ['a target as long as allowed', `GET /${'a'.repeat(499)} HTTP/1.1\r\n\r\n`, {}, 'read'],
    ['a target with a byte too many', `GET /${'a'.repeat(500)} HTTP/1.1\r\n\r\n`, {}, 'TARGET_TOO_LONG'],
  ];
  for (const [what, text, limits, outcome] of SIZES)
    it(`${what}: ${outcome}`, () => {
      const at = parse(text, { ...LIMITS, ...limits });
      expect(at > 0 ? 'read' : name(at)).to.equal(outcome);
    });
});

function parse(text: string, limits = LIMITS, head = new Head(4)): number {
  const bytes = Buffer.from(text, 'latin1');
  return parseRequestHead(head, bytes, 0, bytes.length, limits);
}

function name(fault: number): string {
  return faultOf(fault).name;
}
