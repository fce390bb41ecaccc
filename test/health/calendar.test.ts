import { expect } from 'chai';
import fc from 'fast-check';
import { Calendar, type Appointment } from '../../lib/health/calendar.ts';

const TICK_MS = 50;
const LISTS = 8;

describe('calendar', () => {
  /** Notes when it was told, and comes again after each of its intervals. */
  class Recurring implements Appointment {
    dueAt: number;
    closed = false;
    readonly told: number[] = [];
    readonly #calendar: Calendar;
    readonly #clock: () => number;
    readonly #intervals: number[];

    constructor(calendar: Calendar, clock: () => number, intervals: readonly number[]) {
      this.#calendar = calendar;
      this.#clock = clock;
      this.#intervals = [...intervals];
      this.dueAt = 0;
      this.next();
    }

    next(): void {
      const interval = this.#intervals.shift();
      if (interval === undefined) return;
      this.dueAt = this.#clock() + interval;
      this.#calendar.put(this);
    }

    onDue(): void {
      this.told.push(this.#clock());
      expect(this.#clock(), 'not before its moment').to.be.at.least(this.dueAt);
      this.next();
    }
  }

  it('tells everybody once for each moment, never before it, and in the tick after it', () => {
    // Some are further away than a turn of the ring.
    const intervals = fc.array(fc.integer({ min: 0, max: 3 * LISTS * TICK_MS }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(intervals, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 1e6 }),
        (all, begin) => {
          let now = begin;
          const calendar = new Calendar(TICK_MS, now, LISTS);
          const members = all.map((own) => new Recurring(calendar, () => now, own));
          const ends = now + 6 * 3 * LISTS * TICK_MS + 20 * TICK_MS;
          const dueBefore = new Map(members.map((member) => [member, member.dueAt]));
          while (now < ends) {
            now += TICK_MS;
            calendar.advance(now);
            for (const [member, dueAt] of dueBefore) {
              if (member.told.at(-1) === now) expect(now - dueAt).to.be.at.most(2 * TICK_MS);
              dueBefore.set(member, member.dueAt);
            }
          }
          expect(members.map(({ told }) => told.length)).to.deep.equal(all.map(({ length }) => length));
        },
      ),
    );
  });

  it('tells everybody after a stall of many turns, once', () => {
    let now = 1000;
    const calendar = new Calendar(TICK_MS, now, LISTS);
    const members = [0, 60, 5000].map((ms) => new Recurring(calendar, () => now, [ms]));
    now += 1_000_000;
    calendar.advance(now);
    expect(members.map(({ told }) => told.length)).to.deep.equal([1, 1, 1]);
    calendar.advance(now + LISTS * TICK_MS);
    expect(members.map(({ told }) => told.length)).to.deep.equal([1, 1, 1]);
  });

  it('does not tell what was closed meanwhile, nor anybody after it was cleared', () => {
    let now = 1000;
    const calendar = new Calendar(TICK_MS, now, LISTS);
    const [closed, other] = [10, 200].map((ms) => new Recurring(calendar, () => now, [ms]));
    closed!.closed = true;
    now += 100;
    calendar.advance(now);
    calendar.clear();
    now += 1000;
    calendar.advance(now);
    expect([closed!.told, other!.told]).to.deep.equal([[], []]);
  });
});
