import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { turnsUntil } from '../fixtures/rig.ts';
import { ServerRow } from '../fixtures/server-row.ts';
import { graphOf, to } from '../fixtures/site.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';

/** Lists that change, and servers that are full or are asked for by name: what earlier programs promise, by the numbers of their promises. */
describe('lists of servers', () => {
  const row = new ServerRow();
  const open: Socket[] = [];
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await row.close();
  });

  /** Opens an upgraded connection; answers whose it is, or the status that was answered instead. */
  async function upgrade(): Promise<{ readonly name: string; readonly socket: Socket | null }> {
    const headers = { Host: 'a.test', Connection: 'Upgrade', Upgrade: 'echo' };
    const sent = request({ host: '127.0.0.1', port: row.plane.port, headers });
    sent.end();
    const answer = await Promise.race([once(sent, 'upgrade'), once(sent, 'response')]);
    const [{ statusCode }, socket, head] = answer as [{ statusCode: number }, Socket?, Buffer?]; // the events' arguments
    if (socket === undefined || head === undefined) {
      sent.destroy();
      return { name: String(statusCode), socket: null };
    }
    open.push(socket);
    const name = head.length > 0 ? head : ((await once(socket, 'data')) as [Buffer])[0]; // no encoding is set
    return { name: String(name), socket };
  }

  const upgrades = async (count: number): Promise<string> => {
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push((await upgrade()).name);
    return names.toSorted().join('');
  };

  it('a server that stays keeps its failures and connections; one that goes gets nothing new and ends what it has', async () => {
    await row.open(['', 'fail_timeout=1h', '']);
    row.server('b').status = 500;
    expect(await row.counts(12)).to.deep.equal({ a: 6, c: 6 });
    row.server('b').status = 200;
    // Its new weight is in force, and that it has failed is known.
    row.list({ a: 'weight=3', b: 'fail_timeout=1h weight=7', c: '' });
    expect(await row.counts(12)).to.deep.equal({ a: 9, c: 3 });
    row.list({ a: '' });
    const { name, socket } = await upgrade();
    expect(name).to.equal('a');
    row.list({ c: '' });
    expect(await row.counts(5)).to.deep.equal({ c: 5 });
    socket!.write('still there');
    expect(String((await once(socket!, 'data'))[0])).to.equal('still there');
    socket!.end();
    await once(socket!, 'end');
  });

  it('full servers are left out; when all are full the answer is 502, or the connection is closed at once', async () => {
    await row.open(['max_conns=2', 'max_conns=1'], { plane: { random: () => 0 } });
    expect(await upgrades(3)).to.equal('aab');
    expect((await upgrade()).name).to.equal('502');
    const full = ['fallback', { on: ['unavailable'], next: 'up', to: 'close' }] as const;
    row.plane.put({ domains: { 'a.test': graphOf({ full, up: to('up'), close: ['close', {}] }) } });
    const client = await row.rig.client(row.plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    expect(await client.untilClosed()).to.equal('');
    open.shift()?.destroy();
    await turnsUntil(() => open.length === 2);
  });

  it('where a server refuses and no second try is wanted, that is the answer', async () => {
    await row.open(['max_fails=0', 'max_fails=0'], { options: { retry: { tries: 1 } } });
    await row.server('b').stop();
    expect(await row.counts(10)).to.deep.equal({ a: 5, 502: 5 });
  });

  it('connections that stay open spread by their number, and come to whoever has fewest', async () => {
    await row.open(['', '', ''], { options: { balance: { algorithm: 'least-conn' } } });
    expect(await upgrades(12)).to.equal('aaaabbbbcccc');
    row.list({ a: '', b: '' });
    row.list({ a: '', b: '', c: 'weight=2' });
    expect(await upgrades(4)).to.equal('cccc');
  });

  it('by bytes per second: who sends much gets nothing more', async () => {
    await row.open(['', ''], { options: { balance: { algorithm: 'least-bandwidth' } } });
    const { name, socket } = await upgrade();
    const other = name === 'a' ? 'b' : 'a';
    const echoed = new Promise<void>((resolve) => {
      let left = 4_000_000;
      socket!.on('data', (bytes: Buffer) => {
        left -= bytes.length;
        if (left <= 0) resolve();
      });
    });
    socket!.write(Buffer.alloc(4_000_000));
    await echoed;
    expect(await row.counts(10)).to.deep.equal({ [other]: 10 });
  });

  describe('by the name that TLS is asked for', () => {
    let ca: TestCa;
    let plane: TlsPlane;
    before(() => {
      ca = new TestCa();
    });
    afterEach(() => plane.stop());

    /** Who answers a client that asks for that name; '' where it gets no answer. */
    async function who(servername: string): Promise<string> {
      const client = await SecureClient.connect(plane.port, { servername });
      const closed = once(client.socket, 'close').then(() => ({ body: '' }));
      const { body } = await Promise.race([client.request('/', 'any.test'), closed]);
      client.socket.destroy();
      return body;
    }

    for (const [strategy, unexpected, expected] of [
      ['default', to('up#plain'), 'c'],
      ['reject', ['close', {}], ''],
      ['any', to('up'), 'abc'],
    ] as const)
      it(`exactly in any case, or by an expression; any other name: ${strategy}`, async () => {
        await row.open(['tags=one', 'tags=many', 'tags=plain']);
        plane = await startTlsPlane();
        plane.certify({ any: ca.issue({ names: ['DNS:one.test', 'DNS:other.test', 'DNS:*.many.test'] }) });
        const graph = graphOf({
          exact: ['tls', { server_name: { exact: 'one.test' }, succ: 'one', fail: 'regexp' }],
          regexp: ['tls', { server_name: { pattern: '^[a-z]+\\.many\\.test$' }, succ: 'many', fail: 'unexpected' }],
          one: to('up#one'),
          many: to('up#many'),
          unexpected,
        });
        const servers = row.servers.map(({ port }, i) => ({ port, tags: [['one'], ['many'], ['plain']][i] ?? [] }));
        plane.put({ domains: { '*': graph }, upstreams: { up: servers } });
        expect([await who('one.test'), await who('ONE.test'), await who('x.many.test')]).to.deep.equal(['a', 'a', 'b']);
        const answer = await who('other.test');
        if (expected === '') expect(answer).to.equal('');
        else expect(expected).to.contain(answer);
        expect(answer === '').to.equal(expected === '');
      });
  });
});
