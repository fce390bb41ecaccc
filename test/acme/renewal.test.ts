import { expect } from 'chai';
import fc from 'fast-check';
import { afterFailure, afterSuccess, NO_ORDERS, withOrder } from '../../lib/acme/back-off.ts';
import { renewalName, renewalTime } from '../../lib/acme/renewal.ts';
import { TestCa } from '../fixtures/test-ca.ts';

describe('renewal of ordered certificates', () => {
  const ca = new TestCa();
  after(() => ca.remove());

  it('is due at about two thirds of the life, at a moment of its own', () => {
    const pems = Array.from({ length: 4 }, () => ca.issue({ names: ['DNS:a.test'] }).certificate);
    const now = Date.now();
    const days = pems.map((pem) => (renewalTime(pem, null) - now) / 86_400_000);
    for (const day of days) expect(day).to.be.within(30 * (2 / 3 - 0.06), 30 * (2 / 3 + 0.06));
    expect(new Set(days).size).to.equal(4);
    expect(renewalTime(pems[0] ?? '', null)).to.equal(renewalTime(pems[0] ?? '', null));
  });

  it('is due in the window that the CA has named', () => {
    const { certificate } = ca.issue({ names: ['DNS:a.test'] });
    expect(renewalTime(certificate, { start: 1000, end: 2000 })).to.be.within(1000, 2000);
  });

  it('calls a certificate as RFC 9773 does', () => {
    const name = renewalName(ca.issue({ names: ['DNS:a.test'] }).certificate);
    expect(name).to.match(/^[A-Za-z0-9_-]{27}\.[A-Za-z0-9_-]+$/);
  });

  it('waits longer after each failure, up to a day, and forgets with success', () => {
    let record = NO_ORDERS;
    const waits = Array.from({ length: 12 }, () => {
      record = afterFailure(record, 'a.test', 'no', 0, 0.5);
      return record.failures['a.test']?.nextAt ?? 0;
    });
    expect(waits.slice(0, 4)).to.deep.equal([5, 10, 20, 40].map((minutes) => minutes * 60_000));
    expect(waits.at(-1)).to.equal(24 * 3_600_000);
    expect(afterSuccess(record, 'a.test').failures).to.deep.equal({});
  });

  it('never begins more orders in any hour than it may', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_800_000 }), { maxLength: 200 }), (steps) => {
        let record = NO_ORDERS;
        let now = 0;
        const begun: number[] = [];
        for (const step of steps) {
          now += step;
          const next = withOrder(record, now, 5);
          if (next === null) continue;
          record = next;
          begun.push(now);
        }
        for (const at of begun)
          expect(begun.filter((one) => one > at - 3_600_000 && one <= at).length).to.be.at.most(5);
      }),
    );
  });

  it('takes a domain of any name', () => {
    expect(afterFailure(NO_ORDERS, '__proto__', 'no', 0, 0).failures).to.have.own.property('__proto__');
  });
});
