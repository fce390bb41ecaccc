import { expect } from 'chai';
import { CidrList, isCidr } from '../../lib/core/cidr.ts';

describe('cidr', () => {
  const table: readonly (readonly [networks: string[], address: string, has: boolean])[] = [
    [['127.0.0.0/8'], '127.0.0.1', true],
    [['127.0.0.0/8'], '127.255.255.255', true],
    [['127.0.0.0/8'], '128.0.0.1', false],
    [['127.0.0.0/8'], '::ffff:127.0.0.1', true],
    [['127.0.0.0/8'], '::FFFF:127.0.0.1', true],
    [['127.0.0.0/8'], '::ffff:10.0.0.1', false],
    [['127.0.0.0/8'], '::1', false],
    [['::1'], '::1', true],
    [['::1'], '127.0.0.1', false],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '2001:db8::1', true],
    [['::/0'], '10.0.0.1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['192.0.2.7'], '192.0.2.7', true],
    [['192.0.2.7'], '192.0.2.8', false],
    [['10.0.0.0/8', '192.0.2.0/24'], '192.0.2.200', true],
    [[], '127.0.0.1', false],
    [['0.0.0.0/0', '::/0'], 'unix', false],
    [['0.0.0.0/0', '::/0'], '', false],
    [['0.0.0.0/0', '::/0'], '127.1', false],
  ];
  for (const [networks, address, has] of table) {
    it(`[${networks.join(', ')}] ${has ? 'has' : 'has not'} "${address}"`, () => {
      expect(new CidrList(networks).has(address)).to.equal(has);
    });
  }

  for (const bad of [
    '',
    'a',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::1/129',
    '10/8',
    'fe80::1%eth0',
    '1.2.3.4/0x8',
  ]) {
    it(`refuses "${bad}"`, () => {
      expect(isCidr(bad)).to.equal(false);
      expect(() => new CidrList([bad])).to.throw(RangeError);
    });
  }
});
