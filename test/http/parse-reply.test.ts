import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { Head, Known } from '../../lib/http/head.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';

const LIMITS = { maxHeadBytes: 100, maxFields: 2 };
const LINE = 'HTTP/1.1 200 OK\r\n';

const EARLIEST: [what: string, start: string, fault: number][] = [
  ['no HTTP', '<', Fault.BAD_REPLY],
  ['an empty line', '\r', Fault.BAD_REPLY],
  ['HTTP/2', 'HTTP/2.0', Fault.BAD_REPLY],
  ['a status below 100', 'HTTP/1.1 0', Fault.BAD_REPLY],
  ['a status above 599', 'HTTP/1.1 6', Fault.BAD_REPLY],
  ['a status without three digits', 'HTTP/1.1 20 ', Fault.BAD_REPLY],
  ['a status with four digits', 'HTTP/1.1 2000', Fault.BAD_REPLY],
  ['a bare LF', 'HTTP/1.1 200 OK\n', Fault.BAD_REPLY],
  ['a bare CR', 'HTTP/1.1 200 OK\rX', Fault.BAD_REPLY],
  ['a bad field', `${LINE}X `, Fault.BAD_REPLY],
  ['a third field', `${LINE}X: y\r\nX: y\r\nX`, Fault.REPLY_HEAD_TOO_LARGE],
  ['a head too large', `${LINE}X: ${'y'.repeat(100 - LINE.length - 3)}`, Fault.REPLY_HEAD_TOO_LARGE],
];

describe('parseReplyHead', () => {
  for (const [what, start, fault] of EARLIEST)
    it(`refuses ${what} at its first wrong byte`, () => {
      expect(parse(start)).to.equal(fault);
      expect(parse(start.slice(0, -1))).to.equal(0);
    });

  it('fills a head', () => {
    const head = new Head(2);
    const text = 'HTTP/1.0 404 Not Found\r\nDate: now\r\nX: y\r\n\r\n';
    expect(parse(`${text}rest`, head)).to.equal(text.length);
    expect([head.start, head.end, head.minor, head.status, head.reason()]).to.deep.equal([
      0,
      text.length,
      0,
      404,
      'Not Found',
    ]);
    expect([head.method(), head.target(), head.count, head.seen]).to.deep.equal(['', '', 2, 1 << Known.DATE]);
  });

  it('reads between its offsets only', () => {
    const bytes = Buffer.from(`\x00${LINE}\r\n\x00`);
    expect(parseReplyHead(new Head(2), bytes, 1, bytes.length - 1, LIMITS)).to.equal(bytes.length - 1);
    expect(parseReplyHead(new Head(2), bytes, 5, 5, LIMITS)).to.equal(0);
  });
});

function parse(text: string, head = new Head(2)): number {
  const bytes = Buffer.from(text, 'latin1');
  return parseReplyHead(head, bytes, 0, bytes.length, LIMITS);
}
