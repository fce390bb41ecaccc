import { expect } from 'chai';
import fc from 'fast-check';
import { proxyHeader } from '../../lib/net/proxy-header.ts';
import { readProxyPreamble } from '../../lib/net/proxy-preamble.ts';

const V4 = { address: '192.0.2.1', port: 40_000, localAddress: '192.0.2.2', localPort: 443 };
const V6 = { address: '2001:db8::1', port: 40_000, localAddress: '2001:db8::2', localPort: 443 };

describe('PROXY protocol of clients', () => {
  for (const version of [1, 2] as const) {
    for (const [family, ends] of [
      ['IPv4', V4],
      ['IPv6', V6],
      ['no address', null],
    ] as const) {
      it(`reads version ${version} with ${family} as it is written, whole and in parts`, () => {
        const bytes = Buffer.from(proxyHeader(version, ends), 'latin1');
        const all = Buffer.concat([Buffer.from('..'), bytes, Buffer.from('GET')]);
        expect(readProxyPreamble(all, 2, all.length)).to.deep.equal({ ends, end: 2 + bytes.length });
        for (let cut = 0; cut < bytes.length; cut++) expect(readProxyPreamble(bytes, 0, cut), String(cut)).to.equal(0);
      });
    }
  }

  it('reads any two addresses of IPv6 as they are written', () => {
    const address = fc.ipV6().filter((text) => !text.includes('.'));
    fc.assert(
      fc.property(address, address, (one, other) => {
        const ends = { address: one, port: 1, localAddress: other, localPort: 65_535 };
        const bytes = Buffer.from(proxyHeader(2, ends), 'latin1');
        const read = readProxyPreamble(bytes, 0, bytes.length);
        expect(typeof read === 'object' && read.ends?.localPort).to.equal(65_535);
        const again = Buffer.from(proxyHeader(2, typeof read === 'object' ? read.ends : null), 'latin1');
        expect(again.equals(bytes) || one.startsWith('::ffff:') || other.startsWith('::ffff:')).to.equal(true);
      }),
      { numRuns: 100 },
    );
  });

  it('skips what version 2 has behind the addresses', () => {
    const bytes = Buffer.from(proxyHeader(2, V4), 'latin1');
    bytes.writeUInt16BE(12 + 7, 14);
    const all = Buffer.concat([bytes, Buffer.from('\x04\0\x04abcdGET', 'latin1')]);
    expect(readProxyPreamble(all, 0, all.length)).to.deep.equal({ ends: V4, end: bytes.length + 7 });
  });

  for (const [what, text] of [
    ['no header', 'GET / HTTP/1.1\r\n'],
    ['another family', 'PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['a port that is none', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n'],
    ['a port with a zero in front', 'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n'],
    ['a line without end', `PROXY TCP4 ${' '.repeat(120)}`],
    ['another version', '\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c'],
    ['another command', '\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c'],
    ['addresses that are missing', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04abcd'],
    ['more than anybody has to say', '\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const bytes = Buffer.from(text, 'latin1');
      expect(readProxyPreamble(bytes, 0, bytes.length)).to.equal(-1);
    });
  }
});
