import { expect } from 'chai';
import { FOREVER } from '../../lib/core/wheel.ts';
import { Head } from '../../lib/http/head.ts';
import { keepAliveMs } from '../../lib/http/keep-alive.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';

describe('Keep-Alive', () => {
  const values: readonly [string, number][] = [
    ['timeout=5', 5000],
    ['timeout=5, max=100', 5000],
    ['max=100, timeout=15', 15_000],
    ['Timeout=7', 7000],
    ['timeout="3"', 3000],
    ['timeout=0', 0],
    ['timeout=9999999999999999', FOREVER],
    ['timeout=', FOREVER],
    ['timeout=x', FOREVER],
    ['max=5', FOREVER],
    ['', FOREVER],
  ];
  for (const [value, ms] of values)
    it(`means ${ms} ms by ${JSON.stringify(value)}`, () => {
      const head = new Head(16);
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\nX: timeout=1\r\n\r\n`);
      expect(parseReplyHead(head, bytes, 0, bytes.length, { maxHeadBytes: 1000, maxFields: 16 })).to.be.above(0);
      expect(keepAliveMs(head)).to.equal(ms);
    });

  it('means nothing where it is missing', () => {
    const head = new Head(16);
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nX: timeout=1\r\n\r\n');
    parseReplyHead(head, bytes, 0, bytes.length, { maxHeadBytes: 1000, maxFields: 16 });
    expect(keepAliveMs(head)).to.equal(FOREVER);
  });
});
