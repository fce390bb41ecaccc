import { expect } from 'chai';
import fc from 'fast-check';
import { RetryOn } from '../../lib/core/delivery-policy.ts';
import { Fault } from '../../lib/core/faults.ts';
import { backoff, conditionOf, idempotent } from '../../lib/exchange/retry.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import { policyOf } from '../../lib/upstream/setup.ts';
import { LIMITS } from '../fixtures/plane.ts';

describe('what is retried', () => {
  const conditions: readonly [number, number][] = [
    [Fault.CONNECT_FAILED, RetryOn.CONNECT],
    [Fault.CONNECT_TIMEOUT, RetryOn.CONNECT],
    [Fault.SERVER_CLOSED, RetryOn.CLOSED],
    [Fault.SERVER_TIMEOUT, RetryOn.TIMEOUT],
    [Fault.BAD_REPLY, RetryOn.INVALID],
    [Fault.BAD_REPLY_FRAMING, RetryOn.INVALID],
    [Fault.UNASKED_UPGRADE, RetryOn.INVALID],
    [Fault.NO_SERVER, 0],
    [Fault.BODY_TIMEOUT, 0],
  ];
  for (const [fault, bit] of conditions)
    it(`sorts fault ${fault} into bit ${bit}`, () => expect(conditionOf(fault)).to.equal(bit));

  it('takes methods for what RFC 9110 says', () => {
    const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PATCH', 'LOCK', 'get', 'X'];
    expect(methods.filter((method) => idempotent(method))).to.deep.equal(methods.slice(0, 6));
  });

  it('waits at most twice as long before each further try, and no longer than the bound', () => {
    const longest = (tried: number): number =>
      backoff({ ...policyOf(DEFAULT_OPTIONS, LIMITS), backoffMs: 100, maxBackoffMs: 350 }, tried, 1);
    expect([1, 2, 3, 9].map((tried) => longest(tried))).to.deep.equal([100, 200, 350, 350]);
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(5000),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (base, max, tried, random) => {
          const wait = backoff(
            { ...policyOf(DEFAULT_OPTIONS, LIMITS), backoffMs: base, maxBackoffMs: max },
            tried,
            random,
          );
          expect(wait).to.be.within(0, Math.max(base, base === 0 ? 0 : max));
        },
      ),
    );
  });
});
