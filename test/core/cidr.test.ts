import { BlockList, isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
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
    [['127.0.0.0/8'], '::ffff:7f00:1', true],
    [['::ffff:0:0/96'], '10.0.0.1', true],
    [['::ffff:10.0.0.0/104'], '::ffff:10.9.9.9', true],
    [['::ffff:10.0.0.0/104'], '11.0.0.1', false],
    [['10.0.0.128/25', '10.0.0.0/25'], '10.0.0.255', true],
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

  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((four) => four.join('.'));
  const near = fc.constantFrom('10.0.0.1', '10.0.0.255', '10.0.1.0', '::1', '2001:db8::1', '2001:db8:0:1::', '::');
  const address = fc.oneof(octets, fc.ipV4(), fc.ipV6(), near);
  const text = fc.oneof(
    address,
    fc.stringMatching(/^[0-9a-f:.]{0,24}$/),
    fc
      .array(fc.constantFrom('::', ':', '1', 'ffff', '0', '192.0.2.1', '.', '00001', '256.0.0.1'), { maxLength: 10 })
      .map((parts) => parts.join('')),
  );

  it('takes for addresses what the operating system takes for them', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(isCidr(one), one).to.equal(isIP(one) !== 0);
      }),
      { numRuns: 5000 },
    );
  });

  it('finds an address in many networks as somebody does who looks at one after the other', () => {
    const network = fc.tuple(address, fc.nat(128)).map(([one, bits]) => `${one}/${isIP(one) === 4 ? bits % 33 : bits}`);
    fc.assert(
      fc.property(fc.array(network, { maxLength: 20 }), fc.array(address, { maxLength: 20 }), (networks, addresses) => {
        const list = new CidrList(networks);
        for (const one of addresses.filter((each) => !each.toLowerCase().startsWith('::'))) {
          const family = isIP(one) === 4 ? 'ipv4' : 'ipv6';
          const known = new BlockList();
          for (const each of networks) {
            const [start = '', bits] = each.split('/');
            const isSame = isIP(start) === isIP(one) && !start.toLowerCase().startsWith('::');
            if (isSame) known.addSubnet(start, Number(bits), family);
          }
          const others = networks.filter((each) => each.toLowerCase().startsWith('::'));
          if (!new CidrList(others).has(one)) expect(list.has(one), one).to.equal(known.check(one, family));
        }
      }),
      { numRuns: 300 },
    );
  });
});
