import { expect } from 'chai';
import { time, timeTest } from '../../rules/time.ts';
import { TestRequest } from '../routing/test-request.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { matcherSuite } from './matcher.ts';

matcherSuite(
  time,
  [
    [{ after: '2020-01-01T00:00:00Z' }, {}, true],
    [{ before: '2020-01-01T00:00:00Z' }, {}, false],
    [{ from: '00:00', to: '00:00' }, {}, false],
    [{ weekdays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], zone: 'Asia/Tokyo' }, {}, true],
  ],
  [
    [{}, '', /needs from and to, weekdays, after or before/],
    [{ from: '08:00' }, '', /to/],
    [{ from: '8:00', to: '09:00' }, '/from', /pattern/],
    [{ from: '08:00', to: '24:00' }, '/to', /pattern/],
    [{ weekdays: ['monday'] }, '/weekdays/0', /allowed values/],
    [{ after: '2026-12-24' }, '/after', /is not a moment/],
    [{ before: '2026-13-24T00:00:00Z' }, '/before', /is not a moment/],
    [{ from: '08:00', to: '09:00', zone: 'Mars/Olympus' }, '/zone', /is not a time zone/],
  ],
);

describe('rule time at a moment', () => {
  const office = { from: '09:00', to: '17:00', weekdays: ['mon', 'fri'] };
  const night = { from: '22:00', to: '06:00', weekdays: ['fri'] };
  const table: readonly (readonly [args: object, moment: string, fits: boolean])[] = [
    // 2026-11-20 is a Friday.
    [office, '2026-11-20T09:00:00Z', true],
    [office, '2026-11-20T08:59:59Z', false],
    [office, '2026-11-20T16:59:59Z', true],
    [office, '2026-11-20T17:00:00Z', false],
    [office, '2026-11-21T10:00:00Z', false],
    [{ ...office, zone: 'America/New_York' }, '2026-11-20T13:59:59Z', false],
    [{ ...office, zone: 'America/New_York' }, '2026-11-20T14:00:00Z', true],
    // Daylight saving moves the wall clock, not the window.
    [{ ...office, zone: 'America/New_York' }, '2026-07-10T13:00:00Z', true],
    [{ weekdays: ['sat'], zone: 'Asia/Tokyo' }, '2026-11-20T15:00:00Z', true],
    [night, '2026-11-20T22:00:00Z', true],
    [night, '2026-11-21T05:59:00Z', true],
    [night, '2026-11-21T06:00:00Z', false],
    [night, '2026-11-20T05:59:00Z', false],
    [night, '2026-11-21T22:00:00Z', false],
    [{ after: '2026-11-20T12:00:00+01:00' }, '2026-11-20T11:00:00Z', true],
    [{ after: '2026-11-20T12:00:00+01:00' }, '2026-11-20T10:59:59Z', false],
    [
      { after: '2026-11-20T00:00:00Z', before: '2026-11-21T00:00:00Z', from: '10:00', to: '11:00' },
      '2026-11-20T10:30:00Z',
      true,
    ],
    [
      { after: '2026-11-20T00:00:00Z', before: '2026-11-21T00:00:00Z', from: '10:00', to: '11:00' },
      '2026-11-21T10:30:00Z',
      false,
    ],
  ];
  for (const [args, moment, fits] of table) {
    it(`${JSON.stringify(args)} ${fits ? 'holds' : 'does not hold'} at ${moment}`, () => {
      const problem = (at: string, msg: string): void => expect.fail(`${at} ${msg}`);
      const test = timeTest(args, problem, () => Date.parse(moment));
      expect(test(new TestRequest(new Plan(), {}))).to.equal(fits);
    });
  }
});
