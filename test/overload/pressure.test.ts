import { expect } from 'chai';
import { Pressure } from '../../lib/overload/pressure.ts';

describe('pressure', () => {
  let now: number;
  let told: string[];
  let isSettled: boolean;
  let pressure: Pressure;

  beforeEach(() => {
    now = 0;
    told = [];
    isSettled = true;
    const listener = {
      onLate: () => told.push('late'),
      onInTime: () => told.push('in time'),
      settled: () => isSettled,
      onBlocked: (ms: number) => told.push(`blocked ${ms}`),
    };
    pressure = new Pressure(listener, () => now);
  });

  function look(lateMs: number, times: number): void {
    for (let i = 0; i < times; i++) {
      now += 50 + lateMs;
      pressure.look();
    }
  }

  it('says nothing of a loop that is a little late', () => {
    look(4, 1000);
    expect(told).to.deep.equal([]);
    expect(pressure.loop.delayMs).to.be.closeTo(4, 0.1);
  });

  it('says once that it is late, and once that it is in time again after a while', () => {
    look(20, 50);
    expect(told).to.deep.equal(['late']);
    look(0, 10);
    expect(told, 'half a second').to.deep.equal(['late']);
    look(0, 30);
    expect(told).to.deep.equal(['late', 'in time']);
    look(20, 50);
    expect(told).to.deep.equal(['late', 'in time', 'late']);
  });

  it('waits until nothing is left of the overload', () => {
    look(20, 10);
    isSettled = false;
    look(0, 100);
    expect(told).to.deep.equal(['late']);
    isSettled = true;
    look(0, 20);
    expect(told).to.deep.equal(['late', 'in time']);
  });

  it('tells of a loop that stood still, and remembers it for half a minute at least', () => {
    look(0, 10);
    look(700, 1);
    expect(told[0]).to.equal('blocked 700');
    look(0, 590);
    expect(pressure.loop.worstMs).to.equal(700);
    look(0, 1200);
    expect(pressure.loop.worstMs).to.equal(0);
  });
});
