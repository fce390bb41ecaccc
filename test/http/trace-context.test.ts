import { expect } from 'chai';
import { readB3, readB3Fields, readTraceparent, traceparent } from '../../lib/http/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('trace context', () => {
  for (const [value, sampled] of [
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [`00-${TRACE}-${SPAN}-fe`, false],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
    [`01-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-01-more`, null],
    [`00-${TRACE}-${SPAN}-01-`, null],
    [`cc-${TRACE}-${SPAN}-01.more`, null],
    [`ff-${TRACE}-${SPAN}-01`, null],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
    [`00-${'0'.repeat(32)}-${SPAN}-01`, null],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
    [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, null],
    [`00-${TRACE}-${SPAN}`, null],
    [` 00-${TRACE}-${SPAN}-01`, null],
    ['', null],
  ] as const) {
    it(`reads traceparent ${JSON.stringify(value)} as ${String(sampled)}`, () => {
      expect(readTraceparent(value)).to.deep.equal(sampled === null ? null : { traceId: TRACE, spanId: SPAN, sampled });
    });
  }

  it('writes what it reads', () => {
    for (const sampled of [true, false]) {
      expect(readTraceparent(traceparent(TRACE, SPAN, sampled))).to.deep.equal({
        traceId: TRACE,
        spanId: SPAN,
        sampled,
      });
    }
  });

  for (const [value, expected] of [
    [`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, { traceId: TRACE, spanId: SPAN, sampled: true }],
    [`${TRACE}-${SPAN}-0`, { traceId: TRACE, spanId: SPAN, sampled: false }],
    [`${TRACE}-${SPAN}-d`, { traceId: TRACE, spanId: SPAN, sampled: true }],
    [`${TRACE}-${SPAN}`, { traceId: TRACE, spanId: SPAN, sampled: null }],
    [`${SPAN}-${SPAN}-1`, { traceId: '0'.repeat(16) + SPAN, spanId: SPAN, sampled: true }],
    ['0', { traceId: '', spanId: '', sampled: false }],
    ['1', { traceId: '', spanId: '', sampled: true }],
    [`${TRACE}-${SPAN}-2`, null],
    [`${'0'.repeat(32)}-${SPAN}-1`, null],
    [TRACE, null],
    ['', null],
  ] as const) {
    it(`reads b3 ${JSON.stringify(value)}`, () => {
      expect(readB3(value)).to.deep.equal(expected);
    });
  }

  for (const [fields, expected] of [
    [
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' },
      { traceId: TRACE, spanId: SPAN, sampled: true },
    ],
    [
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN },
      { traceId: TRACE, spanId: SPAN, sampled: null },
    ],
    [
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' },
      { traceId: TRACE, spanId: SPAN, sampled: true },
    ],
    [{ 'x-b3-sampled': 'false' }, { traceId: '', spanId: '', sampled: false }],
    [{ 'x-b3-traceid': 'xyz', 'x-b3-spanid': SPAN }, null],
    [{}, null],
  ] as const) {
    it(`reads ${JSON.stringify(fields)}`, () => {
      const values = new Map<string, string>(Object.entries(fields));
      expect(readB3Fields((name) => values.get(name) ?? null)).to.deep.equal(expected);
    });
  }
});
