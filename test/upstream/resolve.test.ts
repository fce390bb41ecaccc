import { expect } from 'chai';
import { DnsLookup } from '../../lib/upstream/dns-lookup.ts';
import { Resolver, type Answer } from '../../lib/upstream/resolve.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('resolver', () => {
  let scheduler: ManualScheduler;
  let answers: Map<string, readonly string[] | Error>;
  let asked: string[];
  let heard: string[];
  let resolver: Resolver;
  beforeEach(() => {
    scheduler = new ManualScheduler();
    answers = new Map([['a', ['10.0.0.2', '10.0.0.1']]]);
    asked = [];
    heard = [];
    resolver = new Resolver({
      scheduler,
      refreshMs: 10_000,
      async lookup(host) {
        asked.push(host);
        const answer = answers.get(host) ?? [];
        if (answer instanceof Error) throw answer;
        return { addresses: answer, ttlMs: null };
      },
    });
    resolver.listen({
      addresses: (host, addresses) => heard.push(`${host}: ${addresses.join(' ')}`),
      trouble: (host, message) => heard.push(`${host} ${message ?? 'is well'}`),
    });
  });
  afterEach(() => resolver.stop());

  it('tells the addresses of a held name once, sorted, and again when they change', async () => {
    resolver.hold('a');
    await scheduler.pass(20_000);
    answers.set('a', ['10.0.0.3']);
    await scheduler.pass(20_000);
    expect(heard).to.deep.equal(['a: 10.0.0.1 10.0.0.2', 'a: 10.0.0.3']);
    expect(asked).to.have.length(5);
  });

  it('keeps the last addresses when a look-up fails, says so once, and tries again sooner', async () => {
    resolver.hold('a');
    await settled();
    answers.set('a', new Error('SERVFAIL'));
    await scheduler.pass(15_000);
    answers.set('a', ['10.0.0.1', '10.0.0.2']);
    await scheduler.pass(2000);
    answers.set('a', []);
    await scheduler.pass(10_000);
    expect(heard).to.deep.equal(['a: 10.0.0.1 10.0.0.2', 'a SERVFAIL', 'a is well', 'a no address']);
  });

  it('looks a name up until its last hold is released', async () => {
    resolver.hold('a');
    resolver.hold('a');
    expect(resolver.release('a')).to.equal(false);
    await scheduler.pass(10_000);
    expect(asked).to.have.length(2);
    expect(resolver.release('a')).to.equal(true);
    await scheduler.pass(100_000);
    expect(asked).to.have.length(2);
  });

  const times: readonly [number | null, number][] = [
    [5000, 5000],
    [0, 1000],
    [86_400_000, 3_600_000],
    [null, 10_000],
  ];
  for (const [ttlMs, everyMs] of times)
    it(`looks a name up every ${everyMs} ms that holds for ${ttlMs ?? 'an unknown time'}`, async () => {
      let count = 0;
      const holding = new Resolver({
        scheduler,
        lookup: async () => {
          count++;
          return { addresses: ['10.0.0.1'], ttlMs };
        },
      });
      holding.hold('a');
      await scheduler.pass(everyMs - 1);
      expect(count).to.equal(1);
      await scheduler.pass(1);
      expect(count).to.equal(2);
      holding.stop();
    });

  it('settles when every name has been looked up, well or not', async () => {
    answers.set('b', new Error('ENOTFOUND'));
    for (const host of ['a', 'b']) resolver.hold(host);
    await resolver.settle(['a', 'b'], 2000);
    expect(heard).to.deep.equal(['a: 10.0.0.1 10.0.0.2', 'b ENOTFOUND']);
    expect(scheduler.now()).to.equal(0);
  });

  it('settles after its time when a look-up does not end', async () => {
    const slow = new Resolver({ scheduler, lookup: () => Promise.withResolvers<Answer>().promise });
    slow.hold('a');
    let isSettled = false;
    const waiting = slow.settle(['a'], 2000).then(() => (isSettled = true));
    await scheduler.pass(1999);
    expect(isSettled).to.equal(false);
    await scheduler.pass(1);
    await waiting;
    slow.stop();
  });

  it("knows the machine's own names", async () => {
    const { addresses } = await new DnsLookup(null).lookup('localhost');
    expect(addresses).to.include('127.0.0.1');
  });
});
