import { expect } from 'chai';
import { Fault, faultOf } from '../../lib/core/faults.ts';
import { BodyReader } from '../../lib/http/body-reader.ts';
import { BodyKind } from '../../lib/http/head.ts';

const MAX = 1000;
const { NONE, LENGTH, CHUNKED, CLOSE } = BodyKind;

describe('BodyReader', () => {
  it('is done at once without a body', () => {
    for (const kind of [NONE, LENGTH]) {
      const reader = begin(kind);
      expect([reader.done, reader.end(), reader.read(Buffer.from('x'), 0, 1), reader.dataEnd]).to.deep.equal([
        true,
        0,
        0,
        0,
      ]);
    }
  });

  const RUNS: [what: string, kind: number, length: number, text: string, runs: string[]][] = [
    ['a length', LENGTH, 5, 'hellorest', ['hello']],
    ['a chunk', CHUNKED, 0, '5\r\nhello\r\n0\r\n\r\nrest', ['hello', '']],
    ['chunks', CHUNKED, 0, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nrest', ['he', 'llo', '']],
    ['bytes until the end', CLOSE, 0, 'hello', ['hello']],
  ];
  for (const [what, kind, length, text, runs] of RUNS)
    it(`reads ${what} run by run`, () => {
      const reader = begin(kind, length);
      const bytes = Buffer.from(text);
      const got: string[] = [];
      let at = 0;
      while (at < bytes.length && !reader.done) {
        at = reader.read(bytes, at, bytes.length);
        got.push(bytes.toString('latin1', reader.dataStart, reader.dataEnd));
      }
      expect(got).to.deep.equal(runs);
      expect(bytes.toString('latin1', at)).to.equal(kind === CLOSE ? '' : 'rest');
      expect([reader.received, reader.end(), reader.done]).to.deep.equal([5, 0, true]);
    });

  it('takes nothing from an empty range', () => {
    const reader = begin(CHUNKED);
    expect([reader.read(Buffer.from('5'), 1, 1), reader.done]).to.deep.equal([1, false]);
  });

  const ENDS: [what: string, kind: number, length: number, text: string, client: string, server: string][] = [
    ['no body', NONE, 0, '', 'fine', 'fine'],
    ['a whole length', LENGTH, 2, 'ab', 'fine', 'fine'],
    ['a part of a length', LENGTH, 3, 'ab', 'CLIENT_GONE', 'REPLY_CUT'],
    ['whole chunks', CHUNKED, 0, '0\r\n\r\n', 'fine', 'fine'],
    ['chunks without the last', CHUNKED, 0, '1\r\na\r\n', 'CLIENT_GONE', 'REPLY_CUT'],
    ['chunks without the last line end', CHUNKED, 0, '1\r\na\r\n0\r\n', 'CLIENT_GONE', 'REPLY_CUT'],
    ['nothing of a body that ends so', CLOSE, 0, '', 'fine', 'fine'],
  ];
  for (const [what, kind, length, text, client, server] of ENDS)
    it(`says of an end behind ${what}: ${client}, ${server}`, () => {
      for (const [ofReply, expected] of [[false, client] as const, [true, server] as const]) {
        const reader = begin(kind, length, MAX, ofReply);
        feed(reader, text);
        const end = reader.end();
        expect(end === 0 ? 'fine' : faultOf(end).name).to.equal(expected);
        expect(reader.done).to.equal(end === 0);
      }
    });

  const TOO_LARGE: [what: string, kind: number, text: string, isTooLarge: boolean][] = [
    ['a chunk as large as allowed', CHUNKED, '3e8\r\n', false],
    ['a chunk too large, when it is announced', CHUNKED, '3e9\r\n', true],
    ['chunks too large together', CHUNKED, `3e0\r\n${'x'.repeat(992)}\r\n9\r\n`, true],
    ['chunks as large as allowed together', CHUNKED, `3e0\r\n${'x'.repeat(992)}\r\n8\r\n`, false],
    ['an endless body as large as allowed', CLOSE, 'x'.repeat(1000), false],
    ['an endless body that is too large', CLOSE, 'x'.repeat(1001), true],
  ];
  for (const [what, kind, text, isTooLarge] of TOO_LARGE)
    it(`${isTooLarge ? 'refuses' : 'takes'} ${what}`, () => {
      expect(feed(begin(kind), text)).to.equal(isTooLarge ? Fault.BODY_TOO_LARGE : 0);
      expect(feed(begin(kind, 0, MAX, true), text)).to.equal(isTooLarge ? Fault.BAD_REPLY_FRAMING : 0);
    });

  const BOUNDS: [what: string, text: string, fault: number][] = [
    ['extensions of 4096 bytes', `1;${'a'.repeat(4095)}`, 0],
    ['extensions of a byte more', `1;${'a'.repeat(4096)}\r`, Fault.BAD_CHUNK],
    ['extensions of many chunks', `${`1;${'a'.repeat(1023)}\r\nx\r\n`.repeat(4)}`, 0],
    [
      'extensions of many chunks, too long together',
      `${`1;${'a'.repeat(1023)}\r\nx\r\n`.repeat(4)}1;ab\r`,
      Fault.BAD_CHUNK,
    ],
    ['trailers of 8192 bytes', `0\r\nX: ${'a'.repeat(8192 - 7)}\r\n\r\n`, 0],
    ['trailers of a byte more', `0\r\nX: ${'a'.repeat(8192 - 6)}\r\n\r\n`, Fault.BAD_TRAILER],
    ['32 trailers', `0\r\n${'X: y\r\n'.repeat(32)}\r\n`, 0],
    ['33 trailers', `0\r\n${'X: y\r\n'.repeat(33)}\r\n`, Fault.BAD_TRAILER],
  ];
  for (const [what, text, fault] of BOUNDS)
    it(`${fault === 0 ? 'takes' : 'refuses'} ${what}`, () => {
      expect(feed(begin(CHUNKED), text)).to.equal(fault);
    });

  it('reads nothing behind a fault', () => {
    const reader = begin(CHUNKED);
    expect(feed(reader, 'x')).to.equal(Fault.BAD_CHUNK);
    expect(feed(reader, '0\r\n\r\n')).to.equal(Fault.BAD_CHUNK);
    expect([reader.end(), reader.done, reader.dataEnd - reader.dataStart]).to.deep.equal([Fault.BAD_CHUNK, false, 0]);
  });

  it('reads small trailers behind large ones', () => {
    const reader = begin(CHUNKED);
    for (const length of [8000, 1, 8000, 0]) {
      reader.reset(CHUNKED, 0, MAX);
      const line = `X: ${'a'.repeat(length)}\r\n`;
      expect(feed(reader, `0\r\n${line}\r\n`)).to.equal(0);
      expect(reader.trailers).to.equal(line);
    }
  });

  it('is as new behind a reset, wherever it was', () => {
    const body = '5;a="b"\r\nhello\r\n0\r\nX: y\r\n\r\n';
    for (let cut = 0; cut <= body.length; cut++) {
      const reader = begin(CHUNKED);
      feed(reader, body.slice(0, cut));
      reader.reset(CHUNKED, 0, MAX);
      expect([reader.trailers, reader.received, reader.done]).to.deep.equal(['', 0, false]);
      expect(feed(reader, body)).to.equal(0);
      expect([reader.trailers, reader.received, reader.done]).to.deep.equal(['X: y\r\n', 5, true]);
    }
    const reader = begin(CHUNKED);
    feed(reader, body);
    reader.reset(NONE, 0, MAX);
    expect(reader.trailers).to.equal('');
  });
});

function begin(kind: number, length = 0, max = MAX, ofReply = false): BodyReader {
  const reader = new BodyReader();
  reader.reset(kind, length, max, ofReply);
  return reader;
}

/** Feeds all of it; returns 0 or the fault. */
function feed(reader: BodyReader, text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  while (at < bytes.length && !reader.done) {
    at = reader.read(bytes, at, bytes.length);
    if (at < 0) return at;
  }
  return 0;
}
