import { expect } from 'chai';
import { pino } from 'pino';
import { Wheel } from '../../lib/core/wheel.ts';
import type { ServerWork, UpstreamWork } from '../../lib/core/upstream-work.ts';
import { Health } from '../../lib/health/health.ts';
import { ServerBook } from '../../lib/health/server-book.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import type { ServerReport, UpstreamReport } from '../../lib/upstream/server-report.ts';
import { serverKey, USUAL_PARAMETERS, type ServerSpec } from '../../lib/upstream/server-spec.ts';
import { upstreamReport } from '../fixtures/upstream-report.ts';

const NOW = Date.UTC(2026, 0, 1);
const RULES = { health: null, outlier: null, failOpen: 1, slowStartMs: 0 };
const MEANS = { secure: false, tls: DEFAULT_OPTIONS.tls.settings, greeting: '', via: null };

function spec(host: string, more: Partial<ServerSpec> = {}): ServerSpec {
  return { ...USUAL_PARAMETERS, name: `${host}:80`, host, port: 80, ...more };
}

const A = spec('10.0.0.1');
const B = spec('10.0.0.2');

function of(server: ServerSpec, more: Partial<ServerReport> = {}): ServerReport {
  return { ...QUIET, server: serverKey(server), ...more };
}

const QUIET: Omit<ServerReport, 'server'> = {
  tries: 0,
  failures: 0,
  made: 0,
  outs: 0,
  inFlight: 0,
  open: 0,
  idle: 0,
  fails: 0,
  outMs: 0,
  full: false,
  replyMs: -1,
  part: 1,
  warmMs: 0,
};

function report(servers: readonly ServerReport[], more: Partial<UpstreamReport> = {}): UpstreamReport {
  return upstreamReport('up', { servers, ...more });
}

describe('book of servers', () => {
  let health: Health;
  let book: ServerBook;
  let question: number;
  let openings: number;
  /** What the workers answer, by their numbers. */
  let answers: Map<number, readonly (readonly UpstreamReport[])[]>;

  beforeEach(() => {
    question = 0;
    openings = 2;
    answers = new Map();
    health = new Health({
      wheel: new Wheel(),
      clock: () => NOW,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      commands: null,
      maxKept: 0,
      tell: () => undefined,
    });
    health.setRules('up', RULES, MEANS);
    health.setServers('up', [A, B]);
    book = new ServerBook({ health, clock: () => NOW, openings: () => openings, ask: async (asked) => tell(asked) });
  });
  afterEach(() => health.stop());

  function tell(asked: string | null): void {
    question++;
    for (const [worker, pieces] of answers) {
      for (const [i, upstreams] of pieces.entries())
        book.took(worker, { question, asked, more: i + 1 < pieces.length, upstreams });
    }
    // Counts are told once.
    answers = new Map([...answers].map(([worker]) => [worker, [[]]]));
  }

  async function read(upstream: string | null = null): Promise<ReadonlyMap<string, UpstreamWork>> {
    return new Map(await book.read(upstream));
  }

  async function servers(): Promise<readonly ServerWork[]> {
    return (await read()).get('up')?.servers ?? [];
  }

  it('shows every server of the table, used or not', async () => {
    const [a] = await servers();
    expect(a).to.deep.equal({
      upstream: 'up',
      name: '10.0.0.1:80',
      addr: '10.0.0.1:80',
      weight: 1,
      state: 'up',
      reason: 'not checked',
      since: null,
      until: null,
      used: true,
      in_flight: 0,
      fails: 0,
      latency_ms: null,
      connections: { open: 0, idle: 0, made: 0 },
      requests: 0,
      failures: 0,
      ejections: 0,
    });
    expect(await servers()).to.have.length(2);
  });

  it('tells the very same of what rests, and anew once anything of it is another one', async () => {
    const up = async (): Promise<UpstreamWork | undefined> => (await read()).get('up');
    const first = await up();
    expect(await up()).to.equal(first);
    answers.set(1, [[report([of(A, { tries: 1, inFlight: 1 })])]]);
    expect((await up())?.in_flight).to.equal(1);
    const rested = await up();
    expect(rested).to.deep.include({ in_flight: 0 });
    expect(rested?.servers[0]?.requests).to.equal(1);
    expect(await up()).to.equal(rested);
    openings = 3;
    expect((await up())?.opened).to.equal(3);
    health.setServers('up', [spec('10.0.0.1', { weight: 7 }), B]);
    expect((await servers()).map(({ weight }) => weight)).to.deep.equal([7, 1]);
    health.setServers('up', [B]);
    expect((await servers()).map(({ addr }) => addr)).to.deep.equal(['10.0.0.2:80']);
    health.setServers('up', [spec('10.0.0.2', { down: true })]);
    expect((await servers())[0]).to.include({ state: 'down', used: false });
    answers.set(1, [[report([of(B, { outs: 1, outMs: 500 })])]]);
    health.setServers('up', [B]);
    expect((await servers())[0]?.state).to.equal('ejected');
    book.gone(1);
    expect((await servers())[0]).to.include({ state: 'up', ejections: 1 });
    health.setRules('up', RULES, MEANS);
    health.setServers('up', null);
    expect((await read()).size).to.equal(0);
    health.setServers('up', [A]);
    expect((await servers()).map(({ addr }) => addr)).to.deep.equal(['10.0.0.1:80']);
  });

  it('adds up what the workers tell: sums of what is under way, the most failures, the mean of the times', async () => {
    const one = of(A, {
      tries: 5,
      failures: 2,
      made: 3,
      outs: 1,
      inFlight: 2,
      open: 3,
      idle: 1,
      fails: 1,
      replyMs: 10,
    });
    const other = of(A, { tries: 7, inFlight: 1, open: 1, fails: 4, replyMs: 30 });
    answers.set(1, [[report([one], { retries: 2, hedges: 1, budgetExhausted: 4, waiting: 3 })]]);
    answers.set(2, [[report([other], { retries: 1, waiting: 1 })]]);
    const up = (await read()).get('up');
    expect(up).to.include({ in_flight: 3, waiting: 4, retries: 3, hedges: 1, budget_exhausted: 4, opened: 2 });
    expect(up?.servers[0]).to.deep.include({
      in_flight: 3,
      fails: 4,
      latency_ms: 20,
      connections: { open: 4, idle: 1, made: 3 },
      requests: 12,
      failures: 2,
      ejections: 1,
    });
  });

  it('keeps counts and forgets states of a worker that has ended, and of what is not mentioned any more', async () => {
    answers.set(1, [[report([of(A, { tries: 5, inFlight: 2 })])]]);
    answers.set(2, [[report([of(A, { tries: 1, inFlight: 1 })])]]);
    expect((await servers())[0]).to.include({ requests: 6, in_flight: 3 });
    book.gone(1);
    answers.delete(1);
    expect((await servers())[0]).to.include({ requests: 6, in_flight: 0 });
  });

  it('takes answers in pieces, and answers to two questions at the same time', async () => {
    const pieces = [[report([of(A, { inFlight: 1 })])], [report([of(B, { inFlight: 2 })])]];
    for (const [i, upstreams] of pieces.entries()) {
      book.took(1, { question: 1, asked: null, more: i === 0, upstreams });
      book.took(1, { question: 2, asked: null, more: i === 0, upstreams });
    }
    expect((await servers()).map(({ in_flight: inFlight }) => inFlight)).to.deep.equal([1, 2]);
  });

  it('leaves other upstreams alone when it asks for one', async () => {
    health.setServers('other', [A]);
    answers.set(1, [[report([of(A, { inFlight: 1 })])]]);
    await read();
    question++;
    book.took(1, { question, asked: 'other', more: false, upstreams: [] });
    expect([...(await book.read('other'))].map(([name]) => name)).to.deep.equal(['other']);
    const up = [...(await book.read('up'))][0];
    expect(up?.[0]).to.equal('up');
  });

  it('answers nothing for a name that there is not', async () => {
    expect([...(await book.read('nope'))]).to.deep.equal([]);
    expect([...(await book.read('__proto__'))]).to.deep.equal([]);
  });

  it('shows servers that a graph has named directly, as long as a worker tells of them', async () => {
    const direct = report([of(A, { tries: 3, inFlight: 1 })], { upstream: 'http://10.0.0.1', direct: '10.0.0.1:80' });
    answers.set(1, [[direct]]);
    const work = (await read()).get('http://10.0.0.1');
    expect(work?.servers).to.have.length(1);
    expect(work?.servers[0]).to.include({ addr: '10.0.0.1:80', requests: 3, in_flight: 1, state: 'up' });
    expect((await read()).has('http://10.0.0.1')).to.equal(false);
  });

  it('forgets the counts of servers and upstreams that are no more', async () => {
    answers.set(1, [[report([of(A, { tries: 5 }), of(B, { tries: 6 })], { retries: 7 })]]);
    await read();
    health.setServers('up', [B]);
    await read();
    health.setServers('up', [A, B]);
    expect((await servers()).map(({ requests }) => requests)).to.deep.equal([0, 6]);
    health.setServers('up', null);
    await read();
    health.setServers('up', [A, B]);
    expect((await read()).get('up')).to.include({ retries: 0 });
  });

  const STATES: readonly (readonly [
    what: string,
    more: Partial<ServerSpec>,
    seen: Partial<ServerReport>,
    expected: object,
  ])[] = [
    ['in use', {}, {}, { state: 'up', used: true }],
    ['down', { down: true }, {}, { state: 'down', reason: 'parameters', used: false }],
    ['draining', { drain: true }, {}, { state: 'draining', reason: 'drain', used: false }],
    ['without weight', { weight: 0 }, {}, { state: 'draining', reason: 'weight=0', used: false }],
    [
      'out for its failures',
      {},
      { fails: 1, outMs: 4000 },
      { state: 'ejected', reason: 'max_fails', until: '2026-01-01T00:00:04.000Z', used: false },
    ],
    ['full', { maxConns: 1 }, { inFlight: 1, full: true }, { state: 'up', max_conns: 1, used: false }],
    [
      'in its slow start',
      {},
      { part: 0.4, warmMs: 6000 },
      { state: 'slow-start', reason: '40 % of its share', until: '2026-01-01T00:00:06.000Z', used: true },
    ],
    [
      'with all parameters',
      { backup: true, priority: 2, tags: ['a'], weight: 3 },
      {},
      { backup: true, priority: 2, weight: 3, state: 'up' },
    ],
  ];
  for (const [what, more, seen, expected] of STATES) {
    it(`tells a server that is ${what}`, async () => {
      const server = spec('10.0.0.3', more);
      health.setServers('up', [server, B]);
      answers.set(1, [[report([of(server, seen)])]]);
      expect((await servers())[0]).to.include(expected);
    });
  }

  it('has a server used while one worker of two uses it, and servers of weight 0 where all have none', async () => {
    answers.set(1, [[report([of(A, { fails: 1, outMs: 1 })])]]);
    answers.set(2, [[report([of(B, { inFlight: 1 })])]]);
    expect((await servers())[0]).to.include({ state: 'ejected', used: true });
    health.setServers('up', [spec('10.0.0.1', { weight: 0 }), spec('10.0.0.2', { weight: 0 })]);
    answers.clear();
    book.gone(1);
    expect((await servers()).map(({ used }) => used)).to.deep.equal([true, true]);
  });

  it('writes addresses as they are dialled', async () => {
    const six = spec('::1', { name: 'six:80' });
    const path = spec('unix:/run/a', { name: 'unix:/run/a', port: 0 });
    health.setServers('up', [six, path]);
    expect((await servers()).map(({ addr }) => addr)).to.deep.equal(['[::1]:80', 'unix:/run/a']);
  });

  const BREAKERS: readonly (readonly [states: readonly number[], expected: string])[] = [
    [[0, 0], 'closed'],
    [[0, 2], 'half-open'],
    [[2, 1], 'open'],
  ];
  for (const [states, expected] of BREAKERS) {
    it(`calls a breaker ${expected} by the worst of its workers`, async () => {
      for (const [i, state] of states.entries()) {
        const breaker = { state, agoMs: 1000 };
        answers.set(i, [[report([], { breaker, refusedFull: 1, refusedOpen: 2 })]]);
      }
      const up = (await read()).get('up');
      expect(up?.breaker?.state).to.equal(expected);
      expect(up?.refused).to.deep.equal({ full: 2, open: 4 });
    });
  }
});
