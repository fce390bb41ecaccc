import { expect } from 'chai';
import { pino } from 'pino';
import type { PrimaryEvents, StartPrimary } from '../../lib/supervisor/link.ts';
import type { FromSupervisor, ToSupervisor } from '../../lib/supervisor/messages.ts';
import { Supervisor } from '../../lib/supervisor/supervisor.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('supervisor', () => {
  let scheduler: ManualScheduler;
  let primaries: TestPrimary[];
  let states: string[];
  let closed: number;
  let supervisor: Supervisor;
  let code: number | null;

  beforeEach(() => {
    scheduler = new ManualScheduler();
    primaries = [];
    states = [];
    closed = 0;
    code = null;
    const startPrimary: StartPrimary = (events) => {
      const primary = new TestPrimary(events);
      primaries.push(primary);
      return primary;
    };
    supervisor = new Supervisor({
      startPrimary,
      scheduler,
      log: pino({ level: 'silent' }),
      directory: '/run',
      listen: () => [{ kind: 'tcp', host: '127.0.0.1', port: 1 }],
      listeners: () => [],
      closeListeners: () => closed++,
      drainMs: 30_000,
      upgradeMs: 60_000,
      onState: (state) => states.push(state),
    });
    void supervisor.run().then((value) => (code = value));
  });

  /** The nth primary, counted from 1. */
  const nth = (number: number): TestPrimary => primaries[number - 1]!;

  it('lets the first primary serve once it is prepared', () => {
    expect(nth(1).begun).to.include({ generation: 1, succeeds: false, directory: '/run' });
    expect(nth(1).heard).to.deep.equal(['begin']);
    nth(1).say({ kind: 'prepared' });
    expect(nth(1).heard).to.deep.equal(['begin', 'serve']);
    nth(1).say({ kind: 'serving' });
    expect(states).to.deep.equal(['serving']);
  });

  const starts: readonly (readonly [exit: number | null, program: number])[] = [
    [2, 2],
    [1, 1],
    [0, 1],
    [null, 1],
  ];
  for (const [exit, program] of starts) {
    it(`ends with ${program} where the first primary ends with ${String(exit)} before it serves`, async () => {
      nth(1).exit('why', exit);
      await settled();
      expect(code).to.equal(program);
    });
  }

  it('replaces a primary that ended; its workers are let go only when the next one serves', async () => {
    nth(1).serves();
    nth(1).exit('SIGKILL', null);
    await scheduler.pass(0);
    expect(nth(2).begun).to.include({ generation: 2, succeeds: true });
    expect(nth(2).begun.history).to.deep.include({ crashes: 1, lastCrash: { at: 0, reason: 'SIGKILL' } });
    nth(2).say({ kind: 'prepared' });
    expect(nth(1).isReleased).to.equal(false);
    nth(2).say({ kind: 'serving' });
    expect(nth(1).isReleased).to.equal(true);
  });

  it('waits longer and longer while primaries end young, and not after one that lived', async () => {
    nth(1).serves();
    const waits: number[] = [];
    for (let i = 1; i < 6; i++) {
      nth(i).exit('SIGSEGV', null);
      const at = scheduler.now();
      while (primaries.length === i) await scheduler.pass(50);
      waits.push(scheduler.now() - at);
      nth(i + 1).serves();
    }
    expect(waits).to.deep.equal([50, 200, 400, 600, 800]);
    await scheduler.pass(20_000);
    nth(6).exit('SIGSEGV', null);
    await scheduler.pass(0);
    expect(primaries).to.have.length(7);
  });

  it('starts another one where a replacement says nothing', async () => {
    nth(1).serves();
    nth(1).exit('SIGKILL', null);
    await scheduler.pass(0);
    await scheduler.pass(30_000);
    expect(nth(2).isKilled).to.equal(true);
    await scheduler.pass(1000);
    nth(3).serves();
    expect(nth(1).isReleased).to.equal(true);
  });

  it('tries again when a replacement ends before it serves, and the workers of the one that served stay', async () => {
    nth(1).serves();
    nth(1).exit('SIGKILL', null);
    await scheduler.pass(0);
    nth(2).exit('it ended with code 1', 1);
    expect(nth(2).isReleased).to.equal(true);
    await scheduler.pass(1000);
    nth(3).serves();
    expect([nth(1).isReleased, code]).to.deep.equal([true, null]);
  });

  it('upgrades: the former primary drains when the next one serves, not before', () => {
    nth(1).serves();
    supervisor.upgrade();
    nth(2).say({ kind: 'prepared' });
    expect(nth(1).heard).to.not.include('drain');
    nth(2).say({ kind: 'serving' });
    expect(nth(1).told.at(-2)).to.deep.equal({ kind: 'drain', succeeded: true });
    expect(nth(2).told.at(-1)).to.deep.nested.include({ 'history.upgrades': 1, 'history.lastUpgrade.reason': null });
    expect(states).to.deep.equal(['serving', 'upgrading', 'serving']);
    nth(1).exit('it ended with code 0', 0);
    expect([nth(1).isReleased, primaries.length]).to.deep.equal([true, 2]);
  });

  const failures: readonly (readonly [name: string, fail: (primary: TestPrimary) => unknown, reason: string])[] = [
    ['refuses to start', (primary) => primary.exit('it ended with code 2', 2), 'it ended with code 2'],
    [
      'says why it refuses',
      (primary) => {
        primary.say({ kind: 'failed', message: 'unknown option --new' });
        primary.exit('it ended with code 2', 2);
      },
      'unknown option --new',
    ],
    ['dies', (primary) => primary.exit('SIGSEGV', null), 'SIGSEGV'],
    ['hangs', () => scheduler.pass(60_000), 'not ready after 60 s'],
    [
      'dies when it may serve',
      (primary) => {
        primary.say({ kind: 'prepared' });
        primary.exit('SIGSEGV', null);
      },
      'SIGSEGV',
    ],
  ];
  for (const [name, fail, reason] of failures) {
    it(`stays with the former program when the new one ${name}, and can upgrade later`, async () => {
      nth(1).serves();
      supervisor.upgrade();
      await fail(nth(2));
      await settled();
      expect(nth(2).isReleased).to.equal(true);
      expect(nth(1).heard).to.deep.equal(['begin', 'serve', 'history']);
      expect(nth(1).told.at(-1)).to.deep.nested.include({
        'history.upgrades': 0,
        'history.lastUpgrade.reason': reason,
      });
      supervisor.upgrade();
      nth(3).serves();
      expect(nth(1).heard).to.include('drain');
    });
  }

  it('takes the new program where the former one dies during an upgrade', async () => {
    nth(1).serves();
    supervisor.upgrade();
    nth(1).exit('SIGKILL', null);
    await scheduler.pass(1000);
    expect(primaries).to.have.length(2);
    nth(2).serves();
    expect(nth(1).isReleased).to.equal(true);
  });

  it('starts the former program anew where both die during an upgrade', async () => {
    nth(1).serves();
    supervisor.upgrade();
    nth(1).exit('SIGKILL', null);
    nth(2).exit('SIGKILL', null);
    await scheduler.pass(1000);
    nth(3).serves();
    expect([nth(1).isReleased, nth(2).isReleased, code]).to.deep.equal([true, true, null]);
  });

  it('has one upgrade at a time', () => {
    supervisor.upgrade();
    expect(primaries).to.have.length(1);
    nth(1).serves();
    supervisor.upgrade();
    supervisor.upgrade();
    expect(primaries).to.have.length(2);
  });

  it('leaves what was kept to every later primary, and tells a newer one what an older keeps meanwhile', async () => {
    const kept = (key: string, value: unknown) => ({ section: 'overlays', key, value });
    nth(1).serves();
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['__proto__', 3],
      ['a', 4],
      ['b', null],
    ] as const)
      nth(1).say({ kind: 'keep', kept: kept(key, value) });
    supervisor.upgrade();
    expect(nth(2).begun.kept).to.have.deep.members([kept('a', 4), kept('__proto__', 3)]);
    nth(1).say({ kind: 'keep', kept: kept('c', 5) });
    expect(nth(2).told.at(-1)).to.deep.equal({ kind: 'kept', kept: kept('c', 5) });
    nth(2).say({ kind: 'keep', kept: kept('d', 6) });
    expect(nth(1).heard).to.not.include('kept');
  });

  it('drains: closes its sockets first, and ends with 0 when primary and workers are gone', async () => {
    nth(1).serves();
    supervisor.drain();
    expect([closed, nth(1).told.at(-1)]).to.deep.equal([1, { kind: 'drain', succeeded: false }]);
    nth(1).exit('it ended with code 0', 0);
    await settled();
    expect(code).to.equal(null);
    nth(1).gone();
    await settled();
    expect(code).to.equal(0);
  });

  it('drains workers whose primary is gone, and starts no other', async () => {
    nth(1).serves();
    nth(1).exit('SIGKILL', null);
    supervisor.drain();
    expect(nth(1).isReleased).to.equal(true);
    await scheduler.pass(10_000);
    expect(primaries).to.have.length(1);
    nth(1).gone();
    await settled();
    expect(code).to.equal(0);
  });

  it('drains during an upgrade: the new program never serves', async () => {
    nth(1).serves();
    supervisor.upgrade();
    supervisor.drain();
    expect(nth(2).isKilled).to.equal(true);
    for (const number of [1, 2]) {
      nth(number).exit('', 0);
      nth(number).gone();
    }
    await settled();
    expect(code).to.equal(0);
  });

  it('ends by force what outstays the drain', async () => {
    nth(1).serves();
    supervisor.drain();
    await scheduler.pass(35_000);
    expect([nth(1).isKilled, code]).to.deep.equal([true, 0]);
  });

  it('ends at once when told so', async () => {
    nth(1).serves();
    supervisor.drain();
    supervisor.kill();
    await settled();
    expect([nth(1).isKilled, code]).to.deep.equal([true, 1]);
  });
});

/** A primary that does what a test says. */
class TestPrimary {
  readonly pid = 0;
  readonly told: FromSupervisor[] = [];
  isKilled = false;
  isReleased = false;
  readonly #events: PrimaryEvents;

  constructor(events: PrimaryEvents) {
    this.#events = events;
  }

  get heard(): readonly string[] {
    return this.told.map(({ kind }) => kind);
  }

  get begun(): FromSupervisor & { readonly kind: 'begin' } {
    const [first] = this.told;
    if (first?.kind !== 'begin') throw new Error('begin comes first');
    return first;
  }

  send(message: FromSupervisor): void {
    this.told.push(message);
  }

  kill(): void {
    this.isKilled = true;
    this.exit('SIGKILL', null);
  }

  release(): void {
    this.isReleased = true;
  }

  say(message: ToSupervisor): void {
    this.#events.onMessage(message);
  }

  serves(): void {
    this.say({ kind: 'prepared' });
    this.say({ kind: 'serving' });
  }

  #isAlive = true;

  exit(reason: string, code: number | null): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#events.onExit(reason, code);
  }

  gone(): void {
    this.#events.onGone();
  }
}
