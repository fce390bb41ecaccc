import { expect } from 'chai';
import fc from 'fast-check';
import { Wheel } from '../../lib/core/wheel.ts';
import { GroupHealth } from '../../lib/upstream/group-health.ts';
import { Barred } from '../../lib/upstream/server-health.ts';
import { USUAL_PARAMETERS } from '../../lib/upstream/server-spec.ts';
import { Server } from '../../lib/upstream/server.ts';

describe('health of a group of servers', () => {
  const wheel = new Wheel(10, 16, () => 1);

  function servers(count: number): Server[] {
    return Array.from({ length: count }, (_, i) => {
      const spec = { ...USUAL_PARAMETERS, name: `s${i}:80`, host: '127.0.0.1', port: 80 };
      return new Server(spec, { host: '127.0.0.1', port: 80, path: '', secure: false }, wheel, 1000);
    });
  }

  const healthy = (list: readonly Server[]): string => list.map((one) => (one.healthy ? '+' : '-')).join('');

  it('leaves barred servers alone, and uses all when none would be left', () => {
    const list = servers(3);
    const group = new GroupHealth();
    group.set(list, 1);
    group.bar(list[0]!, Barred.CHECKS);
    group.bar(list[1]!, Barred.EJECTED);
    expect(healthy(list)).to.equal('--+');
    group.bar(list[2]!, Barred.CHECKS);
    expect([healthy(list), group.open]).to.deep.equal(['+++', true]);
    group.bar(list[1]!, 0);
    expect([healthy(list), group.open]).to.deep.equal(['-+-', false]);
  });

  it('uses all below a share, or never', () => {
    for (const [percent, expected] of [
      [50, '++++'],
      [25, '---+'],
      [0, '---+'],
    ] as const) {
      const list = servers(4);
      const group = new GroupHealth();
      group.set(list, percent);
      for (const one of list.slice(0, 3)) group.bar(one, Barred.CHECKS);
      expect(healthy(list), String(percent)).to.equal(expected);
    }
  });

  it('does not use what is to begin down, whatever becomes of the others', () => {
    const list = servers(2);
    list[0]!.barred = Barred.UNCHECKED;
    const group = new GroupHealth();
    group.set(list, 1);
    group.bar(list[1]!, Barred.CHECKS);
    expect([healthy(list), group.open]).to.deep.equal(['-+', true]);
  });

  it('puts servers out for what was seen here up to the share, never the last one', () => {
    const list = servers(4);
    const group = new GroupHealth();
    group.set(list, 1);
    expect(list.map((one) => group.eject(one, 50))).to.deep.equal([true, true, false, false]);
    expect(group.eject(list[0]!, 50)).to.equal(false);
    const [alone] = servers(1);
    const other = new GroupHealth();
    other.set([alone!], 1);
    expect(other.eject(alone!, 100)).to.equal(false);
  });

  it('counts the same whatever the order of changes', () => {
    const change = fc.tuple(
      fc.nat(5),
      fc.constantFrom(0, Barred.CHECKS, Barred.EJECTED, Barred.CHECKS | Barred.EJECTED),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.nat(100), (changes, percent) => {
        const list = servers(6);
        const group = new GroupHealth();
        group.set(list, percent);
        for (const [i, barred] of changes) group.bar(list[i]!, barred);
        const [step, open] = [healthy(list), group.open];
        group.set(list, percent);
        expect([healthy(list), group.open]).to.deep.equal([step, open]);
        const usable = list.filter(({ barred }) => barred === 0).length;
        expect(open).to.equal(usable < 6 && usable * 100 < 6 * percent);
      }),
    );
  });
});
