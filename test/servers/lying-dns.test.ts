import { expect } from 'chai';
import { DnsLookup } from '../../lib/upstream/dns-lookup.ts';
import { Resolver, type Address } from '../../lib/upstream/resolve.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';
import { LyingDns, type DnsAnswer } from '../fixtures/lying-dns.ts';
import { until } from '../fixtures/until.ts';

describe('names of servers, by a DNS server that goes wrong', () => {
  let dns: LyingDns;
  let resolver: Resolver;
  let scheduler: ManualScheduler;
  let addresses: readonly Address[];
  let trouble: string | null;
  let looked: number;

  beforeEach(async () => {
    dns = await LyingDns.start();
    scheduler = new ManualScheduler();
    addresses = [];
    trouble = null;
    looked = 0;
    const { lookup } = new DnsLookup([dns.address]);
    resolver = new Resolver({
      scheduler,
      lookup: (host) => lookup(host).finally(() => looked++),
    });
    resolver.listen({
      addresses: (_host, found) => (addresses = found),
      trouble: (_host, message) => (trouble = message),
    });
  });
  afterEach(async () => {
    resolver.stop();
    await dns.stop();
  });

  /** Looks the name up once more, with these answers. */
  async function look(four: DnsAnswer, six: DnsAnswer): Promise<readonly Address[]> {
    dns.four = four;
    dns.six = six;
    const before = looked;
    if (before === 0) resolver.hold('web.test');
    else await scheduler.pass(2000);
    await until('it was looked up', () => looked > before);
    await settled();
    return addresses;
  }

  const BOTH = ['10.0.0.1', '10.0.0.2', '::1'];

  const bad: readonly (readonly [four: DnsAnswer, six: DnsAnswer])[] = [
    ['SERVFAIL', 'SERVFAIL'],
    ['REFUSED', 'REFUSED'],
    ['NXDOMAIN', 'NXDOMAIN'],
    [[], []],
  ];
  for (const [four, six] of bad) {
    it(`keeps the last good answer over ${JSON.stringify(four)}, says so, and takes the next good one`, async () => {
      expect(await look(['10.0.0.1', '10.0.0.2'], ['::1'])).to.deep.equal(BOTH);
      expect(await look(four, six)).to.deep.equal(BOTH);
      expect(trouble).to.be.a('string');
      expect(await look(['10.0.0.3'], [])).to.deep.equal(['10.0.0.3']);
      expect(trouble).to.equal(null);
    });
  }

  for (const sick of ['SERVFAIL', 'REFUSED'] as const) {
    it(`keeps the last good addresses of a family for which it says ${sick}, and takes news of the other`, async () => {
      expect(await look(['10.0.0.1'], ['::1'])).to.deep.equal(['10.0.0.1', '::1']);
      expect(await look(['10.0.0.5'], sick)).to.deep.equal(['10.0.0.5', '::1']);
      expect(await look(sick, ['::2'])).to.deep.equal(['10.0.0.5', '::2']);
      expect(await look(['10.0.0.5'], [])).to.deep.equal(['10.0.0.5']);
    });

    it(`does with one family where it has always said ${sick} for the other`, async () => {
      expect(await look(['10.0.0.1'], sick)).to.deep.equal(['10.0.0.1']);
      expect(await look(['10.0.0.2'], sick)).to.deep.equal(['10.0.0.2']);
    });
  }

  it('asks by TCP for what UDP does not hold', async () => {
    dns.whole = Array.from({ length: 100 }, (_, i) => `10.0.1.${i + 1}`);
    expect(await look('truncated', [])).to.have.length(100);
    expect(dns.asked.tcp).to.be.above(0);
  });

  it('takes an empty answer of a family for what it is: it has none', async () => {
    expect(await look(['10.0.0.1'], ['::1'])).to.deep.equal(['10.0.0.1', '::1']);
    expect(await look([], ['::1'])).to.deep.equal(['::1']);
    expect(trouble).to.equal(null);
  });

  // All at once: each of them waits for as long as a server is waited for.
  it('keeps the last good answer over silence, garbage, a cut answer, and answers to other questions', async () => {
    const kinds = ['silent', 'garbage', 'wrong-id', 'truncated-only'] as const;
    await Promise.all(
      kinds.map(async (kind) => {
        const liar = await LyingDns.start();
        const time = new ManualScheduler();
        const { lookup } = new DnsLookup([liar.address]);
        let count = 0;
        const names = new Resolver({ scheduler: time, lookup: (host) => lookup(host).finally(() => count++) });
        const heard: string[] = [];
        names.listen({
          addresses: (_host, found) => heard.push(found.join()),
          trouble: (_host, message) => heard.push(message === null ? 'well' : 'trouble'),
        });
        liar.four = ['10.0.0.1'];
        names.hold('web.test');
        await until('it is known', () => count === 1);
        await settled();
        liar.four = kind;
        liar.six = kind;
        await time.pass(2000);
        await until('it has failed', () => count === 2);
        await settled();
        expect(heard, kind).to.deep.equal(['10.0.0.1', 'trouble']);
        liar.four = ['10.0.0.2'];
        liar.six = [];
        await time.pass(2000);
        await until('it is known again', () => count === 3);
        await settled();
        expect(heard, kind).to.deep.equal(['10.0.0.1', 'trouble', 'well', '10.0.0.2']);
        names.stop();
        await liar.stop();
      }),
    );
  });
});
