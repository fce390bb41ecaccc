import { expect } from 'chai';
import { readOptions } from '../../lib/upstream/options/index.ts';
import { ServerRow } from '../fixtures/server-row.ts';
import { until } from '../fixtures/until.ts';

/** Which server a request comes to: what earlier programs promise of it, by the numbers of their promises. */
describe('choice among servers', () => {
  const row = new ServerRow();
  afterEach(() => row.close());

  const algorithm = (name: string, more: object = {}): object => ({ balance: { algorithm: name, ...more } });
  const clients = Array.from({ length: 100 }, (_, i) => `127.0.${i + 1}.${(i * 37) % 250}`);
  const homes = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const from of clients) found.set(from, (await row.who(1, { from }))[0] ?? '');
    return found;
  };

  it('servers are swapped under load, and no request fails', async () => {
    await row.open(['', '']);
    row.list({ a: '' });
    const seen: string[] = [];
    const loads = [1, 2, 3].map(async () => seen.push(...(await row.who(60))));
    for (let i = 0; i < 20; i++) {
      const next = i % 2 === 0 ? 'b' : 'a';
      row.list({ [next]: '' });
      expect(await row.who(1)).to.deep.equal([next]);
    }
    await Promise.all(loads);
    expect(seen).to.have.length(180);
    expect(new Set(seen)).to.deep.equal(new Set(['a', 'b']));
  });

  it('weight 10 and 1 is 10:1; one failure and a server is skipped for fail_timeout, then tried again', async () => {
    await row.open(['weight=10', ''], { plane: { random: () => 0 } });
    expect(await row.counts(110)).to.deep.equal({ a: 100, b: 10 });
    row.list({ a: 'weight=10 fail_timeout=1s', b: '' });
    const a = row.server('a');
    a.status = 500;
    const before = a.got.length;
    const [since, names] = [performance.now(), await row.who(40)];
    expect(new Set(names)).to.deep.equal(new Set(['b']));
    // The clock of a worker goes by ticks of a twentieth of a second.
    if (performance.now() - since < 900) expect(a.got.length - before).to.equal(1);
    a.status = 200;
    await until('it is used again', async () => (await row.who(1))[0] === 'a');
    expect(performance.now() - since).to.be.above(900);
  });

  it('when all have failed a request is 502, and all are live again; one alone is never skipped', async () => {
    await row.open(['', '']);
    await Promise.all(row.servers.map((server) => server.stop()));
    expect(await row.who(1)).to.deep.equal(['502']);
    await Promise.all(row.servers.map((server) => server.start()));
    expect(new Set(await row.who(10))).to.deep.equal(new Set(['a', 'b']));
    row.list({ a: '' });
    await row.server('a').stop();
    expect(await row.who(3)).to.deep.equal(['502', '502', '502']);
    await row.server('a').start();
    expect(await row.who(3)).to.deep.equal(['a', 'a', 'a']);
  });

  it('backup while no other is there, down never; what nginx does not know is refused', async () => {
    await row.open(['', 'backup', 'down']);
    expect(new Set(await row.who(5))).to.deep.equal(new Set(['a']));
    await row.server('a').stop();
    expect(new Set(await row.who(5))).to.deep.equal(new Set(['b']));
    await row.server('b').stop();
    expect(new Set(await row.who(3))).to.deep.equal(new Set(['502']));
    expect(() => row.list({ a: 'wait=3' })).to.throw(/unknown parameter "wait"/);
  });

  it('by turns, in order: nine over three are three each', async () => {
    await row.open(['', '', ''], { options: algorithm('round-robin'), plane: { random: () => 0 } });
    expect((await row.who(9)).join('')).to.equal('abcabcabc');
  });

  it('at random, evenly by chi-square over 3,000', async () => {
    await row.open(['', '', ''], { options: algorithm('random') });
    const { a = 0, b = 0, c = 0 } = await row.counts(3000);
    const chi = [a, b, c].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // Two degrees of freedom: further off once in a million.
    expect(chi, `${a} ${b} ${c}`).to.be.below(27.6);
  });

  it('at random by weight: 10, 20 and 70; all alike where all weights are 0', async () => {
    await row.open(['weight=10', 'weight=20', 'weight=70'], { options: algorithm('weighted-random') });
    const { a = 0, b = 0, c = 0 } = await row.counts(2000);
    // Five times what chance moves them by.
    for (const [count, share] of [
      [a, 0.1],
      [b, 0.2],
      [c, 0.7],
    ] as const)
      expect(Math.abs(count / 2000 - share), `${a} ${b} ${c}`).to.be.below(5 * Math.sqrt((share * (1 - share)) / 2000));
    row.list({ a: 'weight=0', b: 'weight=0', c: 'weight=0' });
    expect(Object.keys(await row.counts(100)).toSorted()).to.deep.equal(['a', 'b', 'c']);
  });

  it('by the address of clients: the same server each time; one of five goes: only its clients move', async () => {
    await row.open(['', '', '', '', ''], { options: algorithm('ip-hash') });
    const before = await homes();
    expect(await homes()).to.deep.equal(before);
    expect(new Set(before.values()).size).to.equal(5);
    row.list({ a: '', b: '', d: '', e: '' });
    const after = await homes();
    for (const [from, home] of before) {
      if (home === 'c') expect(after.get(from)).to.not.equal('c');
      else expect(after.get(from), from).to.equal(home);
    }
    const moved = [...before.values()].filter((home) => home === 'c').length;
    expect(moved).to.be.within(8, 35);
  });

  it('and the address that a trusted proxy says', async () => {
    const trusted = { trustedProxies: ['127.0.1.1'] };
    await row.open(['', '', '', '', ''], { options: algorithm('ip-hash'), plane: trusted });
    const said = async (address: string, from: string): Promise<string> =>
      (await row.who(1, { from, fields: { 'X-Forwarded-For': address } }))[0] ?? '';
    const by = async (from: string): Promise<Set<string>> => {
      const found = new Set<string>();
      for (let i = 0; i < 30; i++) found.add(await said(`203.0.113.${i}`, from));
      return found;
    };
    expect((await by('127.0.1.1')).size).to.equal(5);
    expect((await by('127.0.2.1')).size).to.equal(1);
    expect(await said('203.0.113.7', '127.0.1.1')).to.equal(await said('203.0.113.7', '127.0.1.1'));
  });

  it('by a field: a user stays, a missing one is the empty text; no name of the field is refused', async () => {
    const hash = { on: 'header', name: 'X-User-Id', missing: 'empty' };
    await row.open(['', '', ''], { options: algorithm('hash', { hash }) });
    const used = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const names = new Set(await row.who(3, { fields: { 'X-User-Id': `user ${i}` } }));
      expect(names.size).to.equal(1);
      for (const name of names) used.add(name);
    }
    expect(used.size).to.equal(3);
    const missing = await row.who(4);
    const others = await row.who(4, { from: '127.0.9.9' });
    expect(new Set([...missing, ...others]).size).to.equal(1);
    const { problems } = readOptions(algorithm('hash', { hash: { on: 'header' } }));
    expect(problems.map(({ at }) => at)).to.deep.equal(['/balance/hash/name']);
  });

  it('only servers with one of the tags; with none of them the answer is 502, and the others are untouched', async () => {
    await row.open(['tags=v1', 'tags=v2,eu', 'tags=v2'], { options: { balance: { tags: ['v2', 'v3'] } } });
    expect(Object.keys(await row.counts(12)).toSorted()).to.deep.equal(['b', 'c']);
    row.options({ balance: { tags: ['v3'] } });
    expect(await row.who(2)).to.deep.equal(['502', '502']);
    expect(row.server('a').got).to.have.length(0);
  });

  it('weights 1 and 3 are 25 and 75 of a hundred', async () => {
    await row.open(['weight=1', 'weight=3']);
    expect(await row.counts(100)).to.deep.equal({ a: 25, b: 75 });
    for (const weight of ['weight=-1', 'weight=1.5', 'weight=x'])
      expect(() => row.list({ a: weight })).to.throw(/weight/);
  });

  it('algorithms by name, and any other is refused', () => {
    const known = ['weighted-random', 'round-robin', 'least-conn', 'least-bandwidth', 'ip-hash'];
    for (const name of known) expect(readOptions(algorithm(name)).problems).to.deep.equal([]);
    const { problems } = readOptions(algorithm('iphash2'));
    expect(problems.map(({ at }) => at)).to.deep.equal(['/balance/algorithm']);
  });

  it('a lower priority takes all until it dies; weights 40 and 60; weight 0 gets nothing', async () => {
    const weights = { b: 'weight=40 priority=1', c: 'weight=60 priority=1', d: 'weight=0 priority=1' };
    await row.open(['priority=0', ...Object.values(weights)], { options: algorithm('weighted-random') });
    expect(await row.counts(50)).to.deep.equal({ a: 50 });
    await row.server('a').stop();
    const { b = 0, c = 0, ...others } = await row.counts(1000);
    expect([b + c, others]).to.deep.equal([1000, {}]);
    expect(b).to.be.within(320, 480);
  });
});
