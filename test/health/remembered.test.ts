import { expect } from 'chai';
import { pino } from 'pino';
import { Handover } from '../../lib/core/handover.ts';
import type { Section } from '../../lib/core/handover.ts';
import { Wheel } from '../../lib/core/wheel.ts';
import { Verdict } from '../../lib/health/check.ts';
import { Health } from '../../lib/health/health.ts';
import { DEFAULT_OPTIONS, readOptions } from '../../lib/upstream/options/index.ts';
import { Barred } from '../../lib/upstream/server-health.ts';
import { serverKey, USUAL_PARAMETERS, type ServerSpec } from '../../lib/upstream/server-spec.ts';

const MEANS = { secure: false, tls: DEFAULT_OPTIONS.tls.settings, greeting: '', via: null };
/** Nobody checks as seldom, so that what is known is what was known before. */
const CHECKS = { health: { kind: 'tcp', interval: '1h', initial: 'down' }, outlier: { consecutive: 3 } };
const [one, two, three] = [1, 2, 3].map((i): ServerSpec => ({
  ...USUAL_PARAMETERS,
  name: `127.0.0.1:${i}`,
  host: '127.0.0.1',
  port: i,
})) as [ServerSpec, ServerSpec, ServerSpec]; // three of three

describe('health, from one primary to the next', () => {
  let kept: Map<string, unknown>;
  let running: Health[];
  let now: number;

  beforeEach(() => {
    kept = new Map();
    running = [];
    now = 1_700_000_000_000;
  });

  afterEach(() => {
    for (const health of running) health.stop();
  });

  /** A primary that knows what those before it have kept. */
  function primary(): Health {
    const handover = new Handover((_, key, value) => {
      // As it travels.
      if (value === null) kept.delete(key);
      else kept.set(key, JSON.parse(JSON.stringify(value)));
      return Promise.resolve();
    });
    const section: Section = handover.section('health');
    for (const [key, value] of kept) section.receive(key, value);
    const health = new Health({
      wheel: new Wheel(50, 512, () => 1),
      clock: () => now,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      commands: null,
      maxKept: 10,
      tell: () => undefined,
      handover: section,
    });
    running.push(health);
    return health;
  }

  function rule(health: Health, document: object): void {
    const { options, problems } = readOptions(document);
    expect(problems).to.deep.equal([]);
    health.setRules(
      'up',
      {
        health: options.health.checks,
        outlier: options.outlier,
        failOpen: 0,
        slowStartMs: options.balance.slowStartMs,
      },
      MEANS,
    );
  }

  function turn(health: Health, spec: ServerSpec, verdict: 'up' | 'down'): void {
    const member = health.upstreams.get('up')?.members.get(serverKey(spec));
    const check = member?.check;
    for (let i = 0; i < 10; i++) check?.onVerdict(verdict === 'up' ? Verdict.PASS : Verdict.FAIL, 'as the test says');
    expect(check?.riseFall.state).to.equal(verdict);
  }

  const barred = (health: Health): readonly number[] =>
    [one, two, three].map((spec) => health.upstreams.get('up')?.members.get(serverKey(spec))?.barred ?? -1);

  for (const first of ['servers', 'options'] as const) {
    it(`a server that was up is used at once, one that was down is not: where ${first} are known first`, () => {
      const before = primary();
      rule(before, CHECKS);
      before.setServers('up', [one, two, three]);
      turn(before, one, 'up');
      turn(before, two, 'down');
      expect(barred(before)).to.deep.equal([0, Barred.CHECKS, Barred.UNCHECKED]);
      const next = primary();
      if (first === 'options') rule(next, CHECKS);
      next.setServers('up', [one, two, three]);
      if (first === 'servers') rule(next, CHECKS);
      expect(barred(next)).to.deep.equal([0, Barred.CHECKS, Barred.UNCHECKED]);
      // What leaves has no say any more.
      before.stop();
      expect(kept.size).to.be.above(0);
    });
  }

  it('a server that was put out stays out until its time is over', () => {
    const options = { outlier: { consecutive: 3 } };
    const before = primary();
    rule(before, options);
    before.setServers('up', [one, two, three]);
    before.saw([
      {
        upstream: 'up',
        server: serverKey(two),
        good: 0,
        failed: 3,
        trailing: 3,
        latencyMs: 0,
        barred: false,
        started: false,
      },
    ]);
    expect(barred(before)).to.deep.equal([0, Barred.EJECTED, 0]);
    const next = primary();
    next.setServers('up', [one, two, three]);
    rule(next, options);
    expect(barred(next)).to.deep.equal([0, Barred.EJECTED, 0]);
    now += 3_600_000;
    next.onDeadline();
    expect(barred(next)).to.deep.equal([0, 0, 0]);
  });

  it('a server that starts slowly goes on where it was, with every worker that starts', () => {
    const options = { balance: { slow_start: '1m' } };
    const before = primary();
    rule(before, options);
    before.setServers('up', [one, two]);
    expect(before.starting()).to.deep.equal([]);
    before.setServers('up', [one, two, three]);
    now += 20_000;
    const starting = [{ upstream: 'up', server: serverKey(three), agoMs: 20_000 }];
    expect(before.starting()).to.deep.equal(starting);
    const next = primary();
    rule(next, options);
    next.setServers('up', [one, two, three]);
    expect(next.starting()).to.deep.equal(starting);
    now += 40_000;
    expect(next.starting()).to.deep.equal([]);
  });

  it('a server that works again after its failures starts slowly in workers that start, too', () => {
    const health = primary();
    rule(health, { balance: { slow_start: '1m' } });
    health.setServers('up', [one, two]);
    const seen = { upstream: 'up', good: 0, failed: 0, trailing: 0, latencyMs: 0, barred: false };
    health.saw([{ ...seen, server: serverKey(one), started: true }]);
    health.saw([{ ...seen, server: serverKey(two), started: false }]);
    now += 20_000;
    expect(health.starting()).to.deep.equal([{ upstream: 'up', server: serverKey(one), agoMs: 20_000 }]);
  });

  it('forgets servers that are gone, and those of which there is nothing to know', () => {
    const health = primary();
    rule(health, { health: { kind: 'tcp', interval: '1h' } });
    health.setServers('up', [one, two]);
    turn(health, one, 'down');
    turn(health, two, 'down');
    expect(kept.size).to.equal(2);
    turn(health, one, 'up');
    expect(kept.size).to.equal(1);
    health.setServers('up', [one]);
    expect(kept.size).to.equal(0);
  });

  it('does not use what another version may have written', () => {
    for (const raw of [
      1,
      'x',
      {},
      { checks: 1 },
      { checks: { state: 'odd', reason: '', since: 0 } },
      { ejection: {} },
    ]) {
      kept.set(JSON.stringify(['up', serverKey(one)]), raw);
      const health = primary();
      rule(health, { health: { kind: 'tcp', interval: '1h' } });
      health.setServers('up', [one]);
      expect(health.upstreams.get('up')?.members.get(serverKey(one))?.barred).to.equal(0);
    }
  });
});
