import { expect } from 'chai';
import { proxyHeader } from '../../lib/net/proxy-header.ts';

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const FOUR = { address: '192.0.2.7', port: 51_000, localAddress: '198.51.100.1', localPort: 443 };
const SIX = { address: '2001:db8::7', port: 51_000, localAddress: '::1', localPort: 80 };
const SIGNATURE = '0d0a0d0a000d0a515549540a';

describe('PROXY protocol header', () => {
  const first: readonly [string, typeof FOUR | null, string][] = [
    ['IPv4', FOUR, 'PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n'],
    ['IPv6', SIX, 'PROXY TCP6 2001:db8::7 ::1 51000 80\r\n'],
    ['no address', null, 'PROXY UNKNOWN\r\n'],
    ['two families', { ...FOUR, localAddress: '::1' }, 'PROXY UNKNOWN\r\n'],
  ];
  for (const [what, ends, text] of first)
    it(`of version 1 for ${what}`, () => expect(proxyHeader(1, ends)).to.equal(text));

  const second: readonly [string, typeof FOUR | null, string][] = [
    ['IPv4', FOUR, `${SIGNATURE}2111000cc0000207c6336401c73801bb`],
    ['IPv6', SIX, `${SIGNATURE}2121002420010db800000000000000000000000700000000000000000000000000000001c7380050`],
    [
      'IPv6 that ends like IPv4',
      { ...SIX, address: '64:ff9b::192.0.2.33' },
      `${SIGNATURE}212100240064ff9b0000000000000000c000022100000000000000000000000000000001c7380050`,
    ],
    [
      'an address of a zone',
      { ...SIX, address: 'fe80::1%eth0' },
      `${SIGNATURE}21210024fe80000000000000000000000000000100000000000000000000000000000001c7380050`,
    ],
    ['no address', null, `${SIGNATURE}20000000`],
  ];
  for (const [what, ends, bytes] of second)
    it(`of version 2 for ${what}`, () => expect(hex(proxyHeader(2, ends))).to.equal(bytes));
});
