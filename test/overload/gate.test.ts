import { expect } from 'chai';
import fc from 'fast-check';
import { Gate, type Waiter } from '../../lib/overload/gate.ts';

/** A loop without a processor: time passes where a request is begun or shed, and between turns. */
class Loop {
  now = 1000;
  readonly begun: number[] = [];
  readonly shed: number[] = [];
  readonly gate: Gate;
  readonly #waiters = new Map<number, Waiter>();
  #afterPoll: (() => void) | null = null;

  constructor(options: { mostWaiting?: number } = {}) {
    this.gate = new Gate({
      turnMs: 2,
      waitMs: 500,
      ...options,
      clock: () => this.now,
      afterPoll: (run) => {
        expect(this.#afterPoll, 'armed once').to.equal(null);
        this.#afterPoll = run;
      },
    });
  }

  arrive(id: number, costMs = 1): void {
    if (this.gate.admits()) {
      this.begun.push(id);
      this.now += costMs;
      return;
    }
    const waiter: Waiter = {
      newer: null,
      older: null,
      waitingSince: 0,
      begin: () => {
        this.begun.push(id);
        this.now += costMs;
      },
      shed: () => {
        this.shed.push(id);
        this.now += costMs / 4;
      },
    };
    this.#waiters.set(id, waiter);
    this.gate.wait(waiter);
  }

  leave(id: number): void {
    const waiter = this.#waiters.get(id);
    if (waiter !== undefined) this.gate.leave(waiter);
  }

  /** The rest of the turn; false: nothing is to do, and the loop would sleep. */
  turn(): boolean {
    const run = this.#afterPoll;
    this.#afterPoll = null;
    run?.();
    return run !== null;
  }
}

describe('gate', () => {
  it('lets nobody wait in vain when it is in the way for the first time: the code is yet to be compiled', () => {
    const loop = new Loop();
    const load = (ms: number): void => {
      for (const end = loop.now + ms; loop.now < end; loop.turn()) {
        // As many as clients that ask again at once: half as fast as they come.
        for (let i = 0; i < 4; i++) loop.arrive(++last);
      }
    };
    let last = 0;
    loop.gate.enter();
    load(2900);
    expect(loop.shed).to.deep.equal([]);
    const first = loop.begun.slice(0, 500);
    // The oldest goes on in every turn.
    expect(Math.max(...first)).to.be.below(1500);
    expect(loop.gate.waiting).to.be.above(100);
    // From then on as ever, also when it is in the way again.
    load(2000);
    expect(loop.shed).not.to.have.length(0);
    const shed = loop.shed.length;
    loop.gate.enter();
    load(1000);
    expect(loop.shed.length).to.be.above(shed);
  });

  it('begins what arrives while the turn is young, and lets the rest wait for a later turn, in its order', () => {
    const loop = new Loop();
    for (let id = 1; id <= 5; id++) loop.arrive(id);
    expect(loop.begun).to.deep.equal([1, 2]);
    expect(loop.gate.waiting).to.equal(3);
    loop.turn();
    expect(loop.begun, 'this turn is over').to.deep.equal([1, 2]);
    loop.turn();
    expect(loop.begun).to.deep.equal([1, 2, 3, 4]);
    loop.turn();
    expect(loop.begun).to.deep.equal([1, 2, 3, 4, 5]);
    expect(loop.turn(), 'nothing is left to wait for').to.equal(false);
  });

  it('begins the newest first once somebody has waited long', () => {
    const loop = new Loop();
    for (let id = 1; id <= 3; id++) loop.arrive(id);
    expect(loop.gate.waiting).to.equal(1);
    loop.turn();
    loop.now += 60;
    loop.arrive(4, 2);
    loop.arrive(5);
    loop.arrive(6);
    loop.turn();
    loop.turn();
    expect(loop.begun).to.deep.equal([1, 2, 4, 6, 5]);
    loop.turn();
    expect(loop.begun.at(-1)).to.equal(3);
  });

  it('sheds those that have waited too long, and never begins them', () => {
    const loop = new Loop();
    for (let id = 1; id <= 4; id++) loop.arrive(id);
    loop.now += 600;
    while (loop.turn());
    expect(loop.begun).to.deep.equal([1, 2]);
    expect(loop.shed).to.deep.equal([3, 4]);
    expect(loop.gate.shedCount).to.equal(2);
  });

  it('sheds no more in a busy turn than a share of what it begins', () => {
    const loop = new Loop();
    for (let id = 0; id < 1000; id++) loop.arrive(id);
    loop.now += 600;
    loop.turn();
    loop.shed.length = 0;
    loop.begun.length = 0;
    for (let turn = 0; turn < 20; turn++) {
      for (let id = 0; id < 100; id++) loop.arrive(2000 + turn * 100 + id, 0.1);
      loop.turn();
    }
    expect(loop.begun.length).to.be.greaterThan(300);
    expect(loop.shed.length).to.be.within(20, loop.begun.length / 8 + 20);
  });

  it('sheds the oldest at once when too many wait', () => {
    const loop = new Loop({ mostWaiting: 3 });
    for (let id = 1; id <= 7; id++) loop.arrive(id);
    expect(loop.shed).to.deep.equal([3, 4]);
    expect(loop.gate.waiting).to.equal(3);
  });

  it('makes short turns while clients connect', () => {
    const loop = new Loop();
    loop.gate.connected();
    for (let id = 1; id <= 3; id++) loop.arrive(id, 0.5);
    expect(loop.begun).to.deep.equal([1]);
    loop.turn();
    loop.turn();
    expect(loop.begun, 'and so is the turn after that').to.deep.equal([1, 2]);
    loop.turn();
    expect(loop.begun).to.deep.equal([1, 2, 3]);
  });

  it('gives every request one end, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('arrive' as const), costMs: fc.constantFrom(0.1, 1, 5) }),
      fc.record({ kind: fc.constant('turn' as const) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 40, 300) }),
      fc.record({ kind: fc.constant('leave' as const), id: fc.nat(100) }),
      fc.record({ kind: fc.constant('connected' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const loop = new Loop({ mostWaiting: 20 });
        let arrived = 0;
        let left = 0;
        for (const one of steps) {
          if (one.kind === 'arrive') loop.arrive(arrived++, one.costMs);
          else if (one.kind === 'turn') loop.turn();
          else if (one.kind === 'pass') loop.now += one.ms;
          else if (one.kind === 'connected') loop.gate.connected();
          else {
            const before = loop.gate.waiting;
            loop.leave(one.id);
            left += before - loop.gate.waiting;
          }
        }
        for (let turns = 0; loop.turn(); turns++) {
          expect(turns).to.be.lessThan(1000);
          loop.now += 1;
        }
        expect(loop.gate.waiting).to.equal(0);
        const ended = [...loop.begun, ...loop.shed];
        expect(new Set(ended).size).to.equal(ended.length);
        expect(ended.length + left).to.equal(arrived);
        expect(loop.gate.shedCount).to.equal(loop.shed.length);
      }),
    );
  });
});
