import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { readAuthority } from '../../lib/http/authority.ts';
import { Head } from '../../lib/http/head.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { readTarget, Target } from '../../lib/http/target.ts';

describe('readTarget', () => {
  const UNCHANGED: [line: string, unchanged: boolean, absolute: boolean][] = [
    ['GET /', true, false],
    ['GET /a?%41', true, false],
    ['GET /%41', false, false],
    ['GET /a/../b', false, false],
    ['OPTIONS *', true, false],
    ['GET http://a.test/', false, true],
    ['OPTIONS http://a.test', false, true],
  ];
  for (const [line, unchanged, absolute] of UNCHANGED)
    it(`${line}: ${unchanged ? 'may be sent as it is' : 'is sent in another form'}`, () => {
      const target = read(`${line} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      expect([target.unchanged, target.absolute]).to.deep.equal([unchanged, absolute]);
    });

  it('leaves nothing of an earlier target in it', () => {
    const target = new Target();
    read('OPTIONS * HTTP/1.1\r\nHost: a.test:81\r\n\r\n', target);
    read('GET http://b.test/x?y HTTP/1.1\r\nHost: a.test:81\r\n\r\n', target);
    read('GET / HTTP/1.0\r\n\r\n', target);
    expect({ ...target }).to.deep.equal({ ...new Target() });
  });

  it('knows the default port of TLS', () => {
    const target = new Target();
    read('GET / HTTP/1.1\r\nHost: a.test:443\r\n\r\n', target, true);
    expect(target.port).to.equal('');
    read('GET / HTTP/1.1\r\nHost: a.test:80\r\n\r\n', target, true);
    expect(target.authority).to.equal('a.test:80');
  });

  it('can be kept', () => {
    const target = read('GET /a?b HTTP/1.1\r\nHost: a.test:81\r\n\r\n');
    const kept = target.copy();
    read('GET / HTTP/1.1\r\nHost: b.test\r\n\r\n', target);
    expect([kept.authority, kept.path, kept.query]).to.deep.equal(['a.test:81', '/a', '?b']);
  });
});

describe('readAuthority', () => {
  const out = { host: '', port: '' };

  function isHost(text: string): boolean {
    const bytes = Buffer.from(text, 'latin1');
    return readAuthority(out, bytes, 0, bytes.length, '80');
  }

  it('takes names up to 255 bytes', () => {
    expect(isHost('a'.repeat(255))).to.equal(true);
    expect(isHost('a'.repeat(256))).to.equal(false);
    expect(isHost('')).to.equal(false);
  });

  it('agrees with node:net on IPv6 addresses', () => {
    const group = fc.oneof(
      fc.integer({ min: 0, max: 0x1ffff }).map((n) => n.toString(16)),
      fc.constantFrom('', '0', '00000', 'g'),
    );
    const ipv4 = fc
      .array(fc.constantFrom('0', '1', '01', '10', '255', '256', '1000', ''), { minLength: 3, maxLength: 5 })
      .map((octets) => octets.join('.'));
    const groups = fc.array(fc.oneof({ weight: 8, arbitrary: group }, { weight: 1, arbitrary: ipv4 }), {
      minLength: 1,
      maxLength: 10,
    });
    const address = fc.oneof(
      fc.ipV6(),
      groups.map((parts) => parts.join(':')),
      groups.map((parts) => `::${parts.join(':')}`),
    );
    fc.assert(
      fc.property(address, (text) => {
        expect(isHost(`[${text}]`), text).to.equal(isIPv6(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees with the grammar on names and ports', () => {
    const part = fc.constantFrom(
      'a',
      'B',
      '-',
      '_',
      '.',
      '..',
      ':',
      '8',
      '80',
      '0',
      '65535',
      '65536',
      '%',
      '@',
      '[',
      ']',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        const match = /^(?!\.)(?:[\w-]|\.(?!\.))+(?::([1-9]\d{0,4})?)?$/.exec(text);
        expect(isHost(text), text).to.equal(match !== null && Number(match[1] ?? 1) <= 65535);
      }),
      { numRuns: 5000 },
    );
  });
});

function read(text: string, target = new Target(), secure = false): Target {
  const head = new Head(4);
  const bytes = Buffer.from(text, 'latin1');
  expect(parseRequestHead(head, bytes, 0, bytes.length, { maxHeadBytes: 1000, maxFields: 4 })).to.equal(bytes.length);
  expect(readTarget(head, target, secure)).to.equal(0);
  return target;
}
