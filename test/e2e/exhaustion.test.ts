import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { RawClient } from '../fixtures/plane.ts';
import { until } from '../fixtures/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** The real program with fewer file descriptors than it needs. */
describe('a worker without file descriptors', () => {
  let server: NamedServer;
  let elb: Elb;
  let worker: number;

  beforeEach(async () => {
    server = await startNamedServer('web');
    elb = await startElb({
      file: {
        domains: { 'a.test': { init: 'all', rules: { all: { type: 'backend', args: { servername: 'web' } } } } },
        upstreams: { web: { [server.address]: 'max_fails=1 fail_timeout=60s' } },
      },
    });
    worker = elb.workers[0] ?? 0;
    expect((await elb.get('/', { host: 'a.test' })).text).to.equal('web /');
  });

  afterEach(async () => {
    await elb.stop();
    await server.stop();
  });

  const open = (): ReadonlySet<number> => new Set(readdirSync(`/proc/${worker}/fd`).map(Number));
  /** Takes the worker's descriptors away except for a few: the limit is one of their numbers. */
  const leave = (few: number): void => {
    const used = open();
    let limit = 0;
    for (let free = 0; free < few || used.has(limit); limit++) if (!used.has(limit)) free++;
    execFileSync('prlimit', [`--pid=${worker}`, `--nofile=${limit}:`]);
  };

  it('answers 503 where it cannot dial, does not blame the server, and serves again by itself', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(elb.port)));
    await until('all are accepted', () => open().size >= 20);
    const first = clients[0]!;
    first.write(GET);
    await first.until(/web \//);
    const before = server.requests;
    leave(0);
    // The one idle connection to the server serves one of them; the others would need more.
    for (const client of clients) client.write(GET);
    const texts = await Promise.all(clients.map((client) => client.until(/\r\n\r\n[^]*(\n|web \/)$/)));
    const refused = texts.filter((text) => text.includes('HTTP/1.1 503 '));
    expect(refused).not.to.be.empty;
    for (const text of refused) expect(text).to.match(/Retry-After: \d/);
    expect(texts.filter((text) => /HTTP\/1\.1 (?!200|503)/.test(text))).to.deep.equal([]);
    expect(server.requests).to.be.greaterThan(before);
    leave(1000);
    const [last] = clients.slice(-1);
    last!.received = Buffer.alloc(0);
    last!.write(GET);
    expect(await last!.until(/\r\n\r\n/), 'the server was not taken out').to.match(/^HTTP\/1\.1 200 /);
    for (const client of clients) client.destroy();
  });

  it('goes on accepting after a time in which it could not', async () => {
    const patient = await RawClient.connect(elb.port);
    patient.write(GET);
    await patient.until(/web \//);
    leave(2);
    const crowd = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(elb.port)));
    // Whom it cannot take in is not left waiting: the connection is closed.
    await until('most are closed', () => crowd.filter(({ closed, ended }) => closed || ended).length >= 45);
    patient.received = Buffer.alloc(0);
    patient.write(GET);
    expect(await patient.until(/\r\n\r\n/), 'who is connected is served').to.match(/^HTTP\/1\.1 200 /);
    for (const client of crowd) client.destroy();
    await until('there is room again', async () => {
      const answer = await elb.get('/', { host: 'a.test' }).catch(() => null);
      return answer?.status === 200;
    });
    patient.destroy();
  });
});
