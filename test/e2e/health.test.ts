import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startElb, type Answer, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

/** A server whose replies and whose health the test decides. */
class Backend {
  status = 200;
  health = 200;
  requests = 0;
  checks = 0;
  /** Takes replies instead of having them sent. */
  hold: ((response: ServerResponse) => void) | null = null;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      if (request.url === '/health') {
        this.checks++;
        response.writeHead(this.health).end();
      } else {
        this.requests++;
        if (this.hold !== null) this.hold(response);
        else response.writeHead(this.status).end(this.address);
      }
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on TCP
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const CHECKS = { kind: 'http', path: '/health', interval: '100ms', rise: 2, fall: 2 };

describe('health of servers, whole program', () => {
  let elb: Elb;
  let backends: Backend[] = [];
  let up = '';
  let tests = 0;

  before(async () => {
    elb = await startElb({ env: { ELB_WORKERS: '2' } });
  });
  after(() => elb.stop());
  beforeEach(async () => {
    up = `up${++tests}`;
    backends = await Promise.all([1, 2, 3].map(() => new Backend().start()));
  });
  afterEach(async () => {
    await elb.admin('DELETE', 'upstream', [up]);
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  /** A domain and an upstream of this test, with these options. */
  async function start(options: object): Promise<void> {
    const list = Object.fromEntries(backends.map(({ address }) => [address, 'max_fails=0']));
    const rules = { r: { type: 'backend', args: { servername: up } } };
    expect((await elb.admin('PUT', 'option', { [up]: options })).text).to.match(/OK/);
    expect((await elb.admin('PUT', 'upstream', { [up]: list })).text).to.match(/OK/);
    expect((await elb.admin('PUT', 'domain', { [`${up}.test`]: { init: 'r', rules } })).text).to.match(/OK/);
  }

  const ask = () => elb.get('/', { host: `${up}.test` });
  const logged = (msg: string) => elb.logged((line) => line.msg === msg && line['upstream'] === up);

  /** The servers that answer many requests, each on a connection of its own, so that every worker takes some. */
  async function used(): Promise<Set<string>> {
    const replies = await Promise.all(Array.from({ length: 40 }, ask));
    return new Set(replies.map(({ text }) => text));
  }

  async function status(): Promise<Status> {
    return (await elb.admin('GET', 'status')).json() as Status; // what the admin API documents
  }

  async function servers(): Promise<Record<string, unknown>> {
    return (await status()).servers.upstreams[up] ?? {};
  }

  it('leaves a server alone whose checks fail, in every worker, and uses it again when they pass', async () => {
    await start({ health: CHECKS });
    const [sick, ...well] = backends;
    sick!.health = 503;
    expect((await logged('server is left alone'))['reason']).to.equal('status 503');
    expect(await used()).to.deep.equal(new Set(well.map(({ address }) => address)));
    expect(await servers()).to.include({ servers: 3, down: 1, fail_open: false });
    sick!.health = 200;
    await logged('server is used again');
    expect((await used()).size).to.equal(3);
    expect(await servers()).to.include({ servers: 3, down: 0 });
  });

  it('tells a worker that starts later, and keeps the state over a change of the document', async () => {
    await start({ health: CHECKS });
    const [sick, ...well] = backends;
    sick!.health = 500;
    await logged('server is left alone');
    const expected = new Set(well.map(({ address }) => address));
    const before = new Set((await status()).workers.map(({ pid }) => pid));
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until('both workers are new', async () => {
      const { workers } = await status().catch(() => ({ workers: [] }));
      return workers.filter(({ pid, state }) => state === 'serving' && !before.has(pid)).length === 2;
    });
    expect(await used()).to.deep.equal(expected);
    const list = Object.fromEntries(backends.map(({ address }) => [address, 'max_fails=0 weight=2']));
    await elb.admin('PUT', 'upstream', { [up]: list });
    expect(await used()).to.deep.equal(expected);
    await elb.admin('PUT', 'option', { [up]: { health: { ...CHECKS, fall: 3 } } });
    expect(await used()).to.deep.equal(expected);
    await elb.admin('DELETE', 'option', [up]);
    expect((await used()).size).to.equal(3);
  });

  it('does not use a server that is to begin down before its checks have passed', async () => {
    for (const backend of backends.slice(1)) backend.health = 500;
    await start({ health: { ...CHECKS, initial: 'down' } });
    await logged('server is used again');
    expect(await used()).to.deep.equal(new Set([backends[0]!.address]));
    backends[1]!.health = 200;
    await until('the second is used', async () => (await used()).size === 2);
    expect(await servers()).to.include({ fail_open: false });
  });

  it('uses all servers when the checks of all fail, and says so; or none where it may not', async () => {
    await start({ health: CHECKS });
    for (const backend of backends) backend.health = 404;
    await until('all are down', async () => (await servers())['down'] === 3);
    expect((await used()).size).to.equal(3);
    expect(await servers()).to.include({ fail_open: true });
    await elb.admin('PUT', 'option', { [up]: { health: { ...CHECKS, fail_open: 0 } } });
    expect((await ask()).status).to.equal(502);
    expect(await servers()).to.include({ down: 3, fail_open: false });
  });

  it('spares a server that answers requests most of its checks', async () => {
    const [idle, busy] = backends;
    await start({ health: { ...CHECKS, interval: '200ms', jitter: 0 } });
    const list = { [idle!.address]: 'max_fails=0 weight=0', [busy!.address]: 'max_fails=0' };
    await elb.admin('PUT', 'upstream', { [up]: list });
    const before = busy!.checks - idle!.checks;
    // Where none were spared, the difference would stay.
    await until('many more checks were made of the idle one', async () => {
      await ask();
      return idle!.checks - busy!.checks + before > 10;
    });
    expect(idle!.requests).to.equal(0);
  });

  it('puts a server out of use that fails in a row, as all workers see it', async () => {
    await start({ outlier: { consecutive: 5, eject: '1s' } });
    const [bad, ...well] = backends;
    bad!.status = 500;
    await until('it is put out', async () => {
      await used();
      return (await servers())['ejected'] === 1;
    });
    const { requests } = bad!;
    expect(await used()).to.deep.equal(new Set(well.map(({ address }) => address)));
    expect(bad!.requests).to.equal(requests);
    bad!.status = 200;
    expect((await logged('server is used again'))['reason']).to.equal('time is over');
    await until('it is used again', async () => (await used()).size === 3);
  });

  it('counts failures for max_fails in all workers together', async () => {
    await start({});
    const list = Object.fromEntries(backends.map(({ address }) => [address, 'max_fails=10 fail_timeout=1h']));
    await elb.admin('PUT', 'upstream', { [up]: list });
    const [bad] = backends;
    bad!.status = 500;
    await until('it has failed ten times', async () => {
      const { requests } = bad!;
      await ask();
      // A worker tells of failures after 50 ms, at most, if it has just told of something.
      if (bad!.requests > requests) await sleep(60);
      return bad!.requests >= 10;
    });
    for (let i = 0; i < 200; i++) await ask();
    // Two workers, of which each would have had to meet ten by itself.
    expect(bad!.requests).to.be.below(15);
  });

  it('answers 503 with Retry-After while too many requests fail, and tries again later', async () => {
    await start({ breaker: { window: 'count', size: 20, minimum: 20, trial: 1, open: '2s' } });
    for (const backend of backends) backend.status = 503;
    let last = await ask();
    await until('it is open', async () => {
      last = await ask();
      return last.headers['retry-after'] !== undefined;
    });
    expect(last.status).to.equal(503);
    expect(Number(last.headers['retry-after'])).to.be.within(1, 4);
    expect(last.text).to.match(/too many of its replies failed/);
    await until('the primary knows', async () => (await status()).servers.open_breakers.length === 1);
    for (const backend of backends) backend.status = 200;
    const all = new Set(backends.map(({ address }) => address));
    await until('it is closed in both workers', async () => (await used()).symmetricDifference(all).size === 0);
  });

  it('answers 503 beyond the most requests at once, a share of it in each worker', async () => {
    await start({ concurrency: { max: 2 } });
    const held: ServerResponse[] = [];
    for (const backend of backends) backend.hold = (response) => void held.push(response);
    const asked: Promise<Answer>[] = [];
    await until('each worker has one', async () => {
      // One that finds no room is answered, one that does is not.
      if (held.length < 2) asked.push(ask());
      return held.length === 2;
    });
    for (const { status: answered, text } of await Promise.all(Array.from({ length: 10 }, ask))) {
      expect(answered).to.equal(503);
      expect(text).to.match(/as many requests as it may have/);
    }
    for (const backend of backends) backend.hold = null;
    for (const response of held) response.end('late');
    const replies = await Promise.all(asked);
    expect(replies.filter(({ text }) => text === 'late').length).to.equal(2);
    expect((await ask()).status).to.equal(200);
  });
});

interface Status {
  readonly servers: {
    readonly upstreams: Record<string, Record<string, unknown>>;
    readonly open_breakers: readonly { readonly upstream: string }[];
  };
  readonly workers: readonly { readonly pid: number; readonly state: string }[];
}
