import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';

describe('servers that come and go', function () {
  this.timeout(60_000);
  let etcd: EtcdProcess;
  let elb: Elb;
  let servers: readonly NamedServer[];

  before(async () => {
    [etcd, servers] = await Promise.all([
      startEtcd(),
      Promise.all(['blue', 'green', 'static'].map((name) => startNamedServer(name))),
    ]);
    elb = await startElb({ env: { ETCD: etcd.endpoint, ELB_WORKERS: '2' } });
  });
  after(async () => {
    await elb.stop();
    await Promise.all([etcd.stop(), ...servers.map((server) => server.stop())]);
  });

  function to(servername: string): object {
    return { init: 'r', rules: { r: { type: 'backend', args: { servername } } } };
  }

  /** The servers that answer requests of that host, or statuses that are no 200, each on a connection of its own. */
  async function answering(host: string, count = 12): Promise<string> {
    const replies = await Promise.all(Array.from({ length: count }, () => elb.get('/', { host })));
    return [...new Set(replies.map(({ status, text }) => (status === 200 ? text.split(' ')[0] : status)))]
      .toSorted()
      .join();
  }

  it('register themselves in etcd, are gone when their lease ends, and leave what is there for good', async () => {
    const [blue, green, fixed] = servers;
    await etcd.ctl('put', '/ELB/rules/leased.test', JSON.stringify(to('leased')));
    await etcd.ctl('put', `/ELB/upstreams/leased/${fixed!.address}`, 'backup');
    await until('the static one answers', async () => (await answering('leased.test')) === 'static');
    const leases: string[] = [];
    for (const server of [blue!, green!]) {
      const lease = /lease (\w+) granted/.exec(await etcd.ctl('lease', 'grant', '600'))?.[1] ?? '';
      leases.push(lease);
      await etcd.ctl('put', '--lease', lease, `/ELB/upstreams/leased/${server.address}`, 'weight=2');
    }
    await until('both answer', async () => (await answering('leased.test')) === 'blue,green');
    await etcd.ctl('lease', 'revoke', leases[0] ?? '');
    await until('one answers', async () => (await answering('leased.test')) === 'green');
    // Nobody keeps this one alive.
    const short = /lease (\w+) granted/.exec(await etcd.ctl('lease', 'grant', '1'))?.[1] ?? '';
    await etcd.ctl('put', '--lease', short, `/ELB/upstreams/leased/${green!.address}`, '');
    await until('the static one answers again', async () => (await answering('leased.test')) === 'static');
    await etcd.ctl('del', `/ELB/upstreams/leased/${fixed!.address}`);
    await until('nobody answers', async () => (await answering('leased.test')) === '502');
  });

  it('change over from one request to the next, blue-green, and no request fails', async () => {
    const [blue, green] = servers;
    await elb.admin('PUT', 'upstream', { blue: { [blue!.address]: '' }, green: { [green!.address]: '' } });
    await elb.admin('PUT', 'domain', { 'swap.test': to('blue') });
    let isOver = false;
    /** Counts beginnings and ends of changes: while it is odd one is under way. */
    let turns = 0;
    let settled = 'blue';
    let asked = 0;
    const wrong: string[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const [before, expected] = [turns, settled];
        const { status, text } = await elb.get('/', { host: 'swap.test' });
        asked++;
        const isSettled = before === turns && turns % 2 === 0;
        const [name = ''] = text.split(' ');
        const isRight = isSettled ? name === expected : name === 'blue' || name === 'green';
        if (status !== 200 || !isRight) wrong.push(`${status} ${text}instead of ${expected}`);
      }
    });
    for (let i = 0; i < 30; i++) {
      const before = asked;
      const next = i % 2 === 0 ? 'green' : 'blue';
      turns++;
      await elb.admin('PUT', 'domain', { 'swap.test': to(next) });
      settled = next;
      turns++;
      await until('requests have been answered since', () => asked >= before + 16);
    }
    isOver = true;
    await Promise.all(clients);
    expect(wrong).to.deep.equal([]);
  });

  it('are drawn at random, without a second try, where that is wanted: a dead one fails its share', async () => {
    const [blue, green] = servers;
    const dead = `127.0.0.1:${freePort()}`;
    const list = Object.fromEntries([blue!.address, green!.address, dead].map((address) => [address, 'max_fails=0']));
    await elb.admin('PUT', 'option', { set: { balance: { algorithm: 'random' }, retry: { tries: 1 } } });
    await elb.admin('PUT', 'upstream', { set: list });
    await elb.admin('PUT', 'domain', {
      'set.test': {
        init: 'prefix',
        rules: {
          prefix: { type: 'rewrite', args: { add_prefix: '/origin', next: 'set' } },
          set: { type: 'backend', args: { servername: 'set' } },
        },
      },
    });
    const counts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      const { status, text } = await elb.get('/x?y=1', { host: 'set.test' });
      if (status === 200) expect(text).to.contain('/origin/x?y=1');
      const what = status === 200 ? (text.split(' ')[0] ?? '') : String(status);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).to.deep.equal(['502', 'blue', 'green']);
    // A third each; further off than this it is once in a million.
    for (const count of counts.values()) expect(count).to.be.within(60, 140);
  });
});
