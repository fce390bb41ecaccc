import { expect } from 'chai';
import fc from 'fast-check';
import { PassedReply } from '../../lib/health/passed-reply.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 26 Nov 2026 14:00:00 GMT\r\nContent-Length: 2\r\n\r\nok';
const BARE = 'HTTP/1.1 204 No Content\r\nServer: nginx\r\n\r\n';
const DATE_FROM = HEAD.indexOf('Thu');
const DATE_TO = HEAD.indexOf(' GMT') + 4;

/** The text somewhere within other bytes. */
function placed(text: string): [bytes: Buffer, from: number, to: number] {
  return [Buffer.from(`xx${text}yyyy`, 'latin1'), 2, 2 + text.length];
}

describe('a reply that has passed before', () => {
  let passed: PassedReply;
  beforeEach(() => {
    passed = new PassedReply();
  });

  it('is nothing at first', () => {
    expect(passed.isSame(...placed(HEAD))).to.equal(false);
    expect(passed.isSame(Buffer.alloc(0), 0, 0)).to.equal(false);
  });

  for (const text of [HEAD, BARE, HEAD.replace('Date', 'date'), HEAD.replace('Date:', 'Date:  ')]) {
    it(`is the same if it is: ${JSON.stringify(text.slice(0, 60))}`, () => {
      passed.keep(...placed(text), 200);
      expect(passed.isSame(...placed(text))).to.equal(true);
      expect(passed.isSame(...placed(`${text} `))).to.equal(false);
      expect(passed.isSame(...placed(text.slice(1)))).to.equal(false);
    });
  }

  it('may differ in the value of its Date only, and never by a character that ends a line', () => {
    passed.keep(...placed(HEAD), 200);
    fc.assert(
      fc.property(fc.nat(HEAD.length - 1), fc.nat(255), (at, code) => {
        const other = HEAD.slice(0, at) + String.fromCharCode(code) + HEAD.slice(at + 1);
        const isTime = at >= DATE_FROM && at < DATE_TO && code >= 0x20;
        expect(passed.isSame(...placed(other)), `${at} ${code}`).to.equal(other === HEAD || isTime);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a Date of the body for what it is', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nDate: a\r\nok';
    passed.keep(...placed(text), 200);
    expect(passed.isSame(...placed(text.replace('Date: a', 'Date: b')))).to.equal(false);
  });

  it('is not looked for where each is another one', () => {
    for (let i = 0; i < 1000; i++) {
      const text = HEAD.replace('nginx', String(10_000 + i));
      expect(passed.isSame(...placed(text))).to.equal(false);
      passed.keep(...placed(text), 200);
    }
    const last = HEAD.replace('nginx', '10063');
    expect(passed.isSame(...placed(last))).to.equal(false);
  });

  it('is kept only as far as it is short', () => {
    const long = HEAD.replace('nginx', 'n'.repeat(2000));
    passed.keep(...placed(long), 200);
    expect(passed.isSame(...placed(long))).to.equal(false);
  });
});
