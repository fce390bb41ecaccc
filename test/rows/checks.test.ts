import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import type { UpstreamWork } from '../../lib/core/upstream-work.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { RowServer } from '../fixtures/server-row.ts';
import { graphOf, to } from '../fixtures/site.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { until } from '../fixtures/until.ts';

/** Checks of servers as earlier programs make them, by the numbers of their promises. The real program makes them. */
describe('checks of servers', () => {
  let elb: Elb;
  let ca: TestCa;
  const servers: RowServer[] = [];
  const closing: (() => void)[] = [];
  let up = '';
  let listed: readonly string[] = [];
  let count = 0;

  before(async () => {
    ca = new TestCa();
    elb = await startElb({ args: ['--workers', '2'] });
  });
  after(() => elb.stop());
  beforeEach(() => {
    up = `up${++count}`;
  });
  afterEach(async () => {
    await elb.admin('DELETE', 'upstream', [up]);
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const close of closing.splice(0)) close();
  });

  async function serve(...names: readonly string[]): Promise<readonly RowServer[]> {
    const started = await Promise.all(names.map((name) => new RowServer(name).start()));
    servers.push(...started);
    return started;
  }

  async function start(addresses: readonly string[], options: object): Promise<void> {
    expect((await elb.admin('PUT', 'option', { [up]: options })).text).to.match(/OK/);
    listed = addresses;
    const list = Object.fromEntries(addresses.map((address) => [address, 'max_fails=0']));
    await elb.admin('PUT', 'upstream', { [up]: list });
    await elb.admin('PUT', 'domain', { [`${up}.test`]: graphOf({ up: to(up) }) });
  }

  /** How each server of the upstream is: `up`, or `down (reason)`. */
  async function states(): Promise<readonly string[]> {
    const work = (await elb.admin('GET', `server?upstream=${up}`)).json() as Record<string, UpstreamWork>; // as documented
    const told = new Map(work[up]?.servers.map((server) => [server.addr, server]));
    return listed.map((address) => {
      const { state, reason } = told.get(address) ?? { state: 'unknown', reason: '' };
      return state === 'up' ? 'up' : `${state} (${reason})`;
    });
  }

  const become = (what: string, fits: (states: readonly string[]) => boolean): Promise<void> =>
    until(what, async () => fits(await states()));

  const QUICK = { interval: '100ms', jitter: 0, timeout: '500ms', fail_open: 0, busy: 'check' };

  it('without checks, which is the default, a server that is dead is still tried', async () => {
    const [one, dead] = await serve('one', 'dead');
    await start([one!.address, dead!.address], { retry: { tries: 1 } });
    await dead!.stop();
    const seen = new Set<number>();
    for (let i = 0; i < 8; i++) seen.add((await elb.get('/', { host: `${up}.test` })).status);
    expect([...seen].toSorted()).to.deep.equal([200, 502]);
    expect(await states()).to.deep.equal(['up', 'up']);
  });

  it('a probe of ten seconds, 2 and 3, five seconds is said like this', async () => {
    const health = { kind: 'http', path: '/ready', interval: '10s', timeout: '5s', rise: 2, fall: 3 };
    await elb.admin('PUT', 'option', { [up]: { health } });
    const told = (await elb.admin('GET', 'option')).json() as Record<string, object>; // as it was put
    expect(told[up]).to.deep.equal({ health });
  });

  it('500 three times removes a server, 200 twice restores it; only 2xx is alive; at the port of the probe', async () => {
    const [one, two, probe] = await serve('one', 'two', 'probe');
    const health = { ...QUICK, kind: 'http', path: '/ready', status: ['200-299'], fall: 3, rise: 2, port: probe!.port };
    await start([one!.address, two!.address], { health });
    await until('it is checked', () => probe!.got.length > 1);
    expect(probe!.got[0]!.target).to.equal('/ready');
    for (const status of [500, 302]) {
      const before = probe!.got.length;
      probe!.status = status;
      await become('both are down', (all) => all.every((state) => state === `down (status ${status})`));
      // It is one check for both, as it is the same one.
      expect(probe!.got.length - before).to.be.at.least(3);
      expect((await elb.get('/', { host: `${up}.test` })).status).to.equal(502);
      probe!.status = 200;
      await become('both are up', (all) => all.every((state) => state === 'up'));
      expect((await elb.get('/', { host: `${up}.test` })).status).to.equal(200);
    }
    expect(new Set([...one!.got, ...two!.got].map(({ target }) => target))).to.deep.equal(new Set(['/']));
  });

  it('a port that is closed removes a server, and it is back when it is open again', async () => {
    const [one, two] = await serve('one', 'two');
    await start([one!.address, two!.address], { health: { ...QUICK, kind: 'tcp', fall: 1, rise: 1 } });
    await two!.stop();
    await become('it is down', (all) => all[0] === 'up' && all[1]?.startsWith('down') === true);
    for (let i = 0; i < 4; i++) expect((await elb.get('/', { host: `${up}.test` })).text).to.equal('one');
    await two!.start();
    await become('it is up', (all) => all.join() === 'up,up');
  });

  it('the first check comes at once, an unhealthy beginning ends with it, and the third failure flips', async () => {
    const [one] = await serve('one');
    const health = { ...QUICK, kind: 'http', interval: '1h', fall: 3, rise: 1, initial: 'down' };
    await start([one!.address], { health });
    await become('its first check has passed', (all) => all.join() === 'up');
    expect(one!.got).to.have.length(1);
    // Each failure comes when the test has seen the one before.
    one!.status = 500;
    await elb.admin('PUT', 'option', { [up]: { health: { ...health, interval: '300ms' } } });
    for (let failures = 1; failures < 3; failures++) {
      await until(`failure ${failures}`, () => one!.got.length > failures);
      if (one!.got.length === failures + 1) expect(await states()).to.deep.equal(['up']);
    }
    await become('it is down', (all) => all.join() === 'down (status 500)');
    expect(one!.got.length).to.be.at.least(4);
  });

  it('a check each minute, three seconds, one and one, at a path', async () => {
    const [one] = await serve('one');
    one!.status = 503;
    const health = { kind: 'http', path: '/health', interval: '60s', timeout: '3s', fall: 1, rise: 1, fail_open: 0 };
    await start([one!.address], { health });
    await become('one failure is enough', (all) => all.join() === 'down (status 503)');
    expect(one!.got.map(({ target }) => target)).to.deep.equal(['/health']);
  });

  /** Answers PING by PONG, where it is well. */
  class Ponging {
    word = 'PONG\n';

    async tcp(secure: boolean): Promise<string> {
      const { certificate, key } = ca.issue({ names: ['IP:127.0.0.1'] });
      const talk = (socket: Socket): void => {
        socket
          .on('error', () => undefined)
          .on('data', (bytes) => {
            if (bytes.toString() === 'PING\n') socket.write(this.word);
          });
      };
      const server: Server = secure ? createTlsServer({ cert: certificate, key }, talk) : createTcpServer(talk);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing.push(() => server.close());
      return `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
    }

    async udp(): Promise<string> {
      const socket = createSocket('udp4');
      socket.on('message', (bytes, { port, address }) => {
        if (bytes.toString() === 'PING\n') socket.send(this.word, port, address);
      });
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      closing.push(() => socket.close());
      return `127.0.0.1:${socket.address().port}`;
    }
  }

  for (const kind of ['tcp', 'tls', 'udp'] as const)
    for (const expected of [{ expect: 'PO\x4eG' }, { expect_pattern: '^P.N[G]\\n' }])
      it(`PING and PONG over ${kind}, by ${Object.keys(expected).join()}`, async () => {
        const ponging = new Ponging();
        const address = kind === 'udp' ? await ponging.udp() : await ponging.tcp(kind === 'tls');
        const health = { ...QUICK, kind, send: 'PING\n', ...expected, fall: 2, rise: 1, initial: 'down' };
        await start([address], { health, tls: { ca: ca.certificate } });
        await become('it is up', (all) => all.join() === 'up');
        ponging.word = 'NO\n';
        await become('it is down', (all) => all[0]?.startsWith('down') === true);
        ponging.word = 'PONG\n';
        await become('it is up again', (all) => all.join() === 'up');
      });
});
