import { BlockList } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { ClientCount } from '../../lib/overload/client-count.ts';
import { networkOf } from '../../lib/overload/network.ts';

describe('whose connections are counted together', () => {
  const cases: readonly (readonly [address: string, network: string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['1:2:3::', '1:2:3:0'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0'],
    ['1:2:3:4:5:6:192.0.2.33', '1:2:3:4'],
  ];
  for (const [address, network] of cases)
    it(`${address} belongs to ${network}`, () => {
      expect(networkOf(address)).to.equal(network);
    });

  it('agrees with Node about which addresses share a /64', () => {
    // As the system writes them: few different groups, so that many share one, and the longest run of zeros left out.
    const group = fc.constantFrom('0', '1', 'a', 'ffff');
    const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => shortest(groups.join(':')));
    fc.assert(
      fc.property(address, address, (a, b) => {
        const list = new BlockList();
        list.addSubnet(a, 64, 'ipv6');
        expect(networkOf(a) === networkOf(b)).to.equal(list.check(b, 'ipv6'));
      }),
      { numRuns: 2000 },
    );
  });

  it('counts up to the bound and forgets who has left', () => {
    const count = new ClientCount(2);
    expect(count.enter('2001:db8::1')).to.equal(true);
    expect(count.enter('2001:db8::2')).to.equal(true);
    expect(count.enter('2001:db8::3'), 'the same network').to.equal(false);
    expect(count.enter('2001:db8:0:1::1'), 'another one').to.equal(true);
    count.leave('2001:db8::3');
    count.leave('2001:db8::2');
    expect(count.enter('2001:db8::4')).to.equal(true);
    for (const address of ['2001:db8::1', '2001:db8::4', '2001:db8:0:1::1']) count.leave(address);
    expect(count.size).to.equal(0);
  });
});

/** The usual way to write it (RFC 5952). */
function shortest(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
