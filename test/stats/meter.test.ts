import { expect } from 'chai';
import { Meter, OTHER, statKey } from '../../lib/stats/meter.ts';

describe('stats/meter', () => {
  it('counts requests, last statuses and times by host', () => {
    const meter = new Meter();
    meter.exchange('a.test', 200, 3);
    meter.exchange('a.test', 502, 40);
    meter.exchange('b.test', 200, 0);
    meter.exchange('a.test', 200, 5);
    expect([...meter.drain()]).to.deep.equal([
      [
        'a.test',
        {
          total: 3,
          statuses: new Map([
            [200, 2],
            [502, 1],
          ]),
          costsMs: [3, 40, 5],
        },
      ],
      ['b.test', { total: 1, statuses: new Map([[200, 1]]), costsMs: [0] }],
    ]);
  });

  it('begins anew after a drain', () => {
    const meter = new Meter();
    meter.exchange('a.test', 200, 3);
    meter.drain();
    expect(meter.drain().size).to.equal(0);
    meter.exchange('a.test', 204, 1);
    expect(meter.drain().get('a.test')).to.deep.equal({ total: 1, statuses: new Map([[204, 1]]), costsMs: [1] });
  });

  it('counts hosts beyond its bound together, and known ones as before', () => {
    const meter = new Meter({ maxHosts: 2, maxCosts: 100 });
    for (const host of ['a.test', 'b.test', 'c.test', 'd.test', 'a.test']) meter.exchange(host, 200, 1);
    const totals = [...meter.drain()].map(([host, counts]) => [host, counts.total]);
    expect(totals).to.deep.equal([
      ['a.test', 2],
      ['b.test', 1],
      [OTHER, 2],
    ]);
  });

  it('counts a name longer than any in the DNS as another', () => {
    const meter = new Meter();
    meter.exchange('a'.repeat(256), 200, 1);
    meter.exchange('a'.repeat(255), 200, 1);
    expect([...meter.drain().keys()]).to.deep.equal([OTHER, 'a'.repeat(255)]);
  });

  it('keeps no more times than its bound, counts the rest as lost, and counters stay exact', () => {
    const meter = new Meter({ maxHosts: 10, maxCosts: 3 });
    for (let i = 0; i < 5; i++) meter.exchange(i % 2 === 0 ? 'a.test' : 'b.test', 200, i);
    const drained = meter.drain();
    expect(drained.get('a.test')).to.deep.equal({ total: 3, statuses: new Map([[200, 3]]), costsMs: [0, 2] });
    expect(drained.get('b.test')).to.deep.equal({ total: 2, statuses: new Map([[200, 2]]), costsMs: [1] });
    expect(meter.takeLostCosts()).to.equal(2);
    expect(meter.takeLostCosts()).to.equal(0);
    meter.exchange('a.test', 200, 9);
    expect(meter.drain().get('a.test')?.costsMs).to.deep.equal([9]);
  });

  describe('statKey', () => {
    const cases: readonly (readonly [host: string, key: string])[] = [
      ['a.test', 'a_test'],
      ['A.Test', 'a_test'],
      ['a.test:8080', 'a_test'],
      ['a.test:', 'a_test'],
      ['shop-1.example.com', 'shop-1_example_com'],
      ['10.0.0.1:80', '10_0_0_1'],
      ['[::1]', '___1_'],
      ['[2001:db8::1]:8080', '_2001_db8__1_'],
      ['a|b@c#d\ne:f', 'a_b_c_d_e_f'],
      ['a:1|c\nb', 'a_1_c_b'],
      ['h\u00fc.test', 'h__test'],
      ['*', '_'],
      ['a'.repeat(300), 'a'.repeat(255)],
    ];
    for (const [host, key] of cases) {
      it(`${JSON.stringify(host.slice(0, 40))} is ${JSON.stringify(key.slice(0, 40))}`, () => {
        expect(statKey(host)).to.equal(key);
        expect(statKey(key), 'a key is its own key').to.equal(key);
      });
    }
  });
});
