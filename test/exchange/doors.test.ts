import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { answering, type RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const ADMIN = 'GET /__erulb__/domain HTTP/1.1\r\nHost: a.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('bounds of connections', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  async function served(port: number): Promise<RawClient> {
    const client = await rig.client(port);
    client.write(GET);
    await client.until(/ok$/);
    return client;
  }

  it('answers 503 beyond the bound, with when to come again, and lets in who comes after one has left', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], { maxConnections: 2 });
    const [first] = [await served(port), await served(port)];
    const third = await rig.client(port);
    third.write(GET);
    expect(await third.untilEnd()).to.match(
      /^HTTP\/1\.1 503 Service Unavailable\r\n.*Retry-After: [123]\r\n.*Connection: close\r\n/s,
    );
    third.destroy();
    first.destroy();
    let text = '';
    await expectEventually(async () => {
      const later = await rig.client(port);
      later.write(GET);
      text = await later.until(/\r\n\r\n/);
      later.destroy();
      return text.startsWith('HTTP/1.1 200');
    });
  });

  it('ends whoever has been silent longest to make room', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], { maxConnections: 2 });
    const silent = await served(port);
    const busy = await rig.client(port);
    const began = performance.now();
    while (!silent.closed) {
      busy.received = Buffer.alloc(0);
      busy.write(GET);
      await busy.until(/ok$/);
      const newcomer = await rig.client(port);
      newcomer.write(GET);
      const text = await newcomer.until(/\r\n\r\n/);
      newcomer.destroy();
      // Nobody had been silent for a second yet: then the newcomer is refused.
      if (text.startsWith('HTTP/1.1 200')) expect(performance.now() - began).to.be.greaterThan(900);
      else expect(text).to.match(/^HTTP\/1\.1 503 /);
      await new Promise(setImmediate);
    }
    busy.received = Buffer.alloc(0);
    busy.write(GET);
    expect(await busy.until(/ok$/), 'the other one stays').to.match(/^HTTP\/1\.1 200 /);
  });

  it('hears admin calls where there is no room, and nothing else on their connection', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-doors-'));
    const adminSocket = join(directory, 'admin.sock');
    const admin = createServer((_request, response) => response.end('{}')).listen(adminSocket);
    await once(admin, 'listening');
    const server = await rig.serve(answering(OK));
    const { port } = await rig.plane(
      { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } },
      { maxConnections: 1 },
      { adminSocket },
    );
    await served(port);
    const operator = await rig.client(port);
    operator.write(ADMIN);
    expect(await operator.until(/\{\}/)).to.match(/^HTTP\/1\.1 200 /);
    operator.write(GET);
    expect(await operator.untilEnd()).to.match(/HTTP\/1\.1 503 /);
    admin.closeAllConnections();
    admin.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('answers 429 to a client with too many, but not to a proxy that is trusted', async () => {
    const server = await rig.serve(answering(OK));
    const table = { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } };
    const one = await rig.plane(table, { maxClientConnections: 2 });
    await served(one.port);
    await served(one.port);
    const third = await rig.client(one.port);
    third.write(GET);
    expect(await third.untilEnd()).to.match(/^HTTP\/1\.1 429 Too Many Requests\r\n.*Retry-After: /s);
    const other = await rig.client(one.port, { localAddress: '127.0.0.2' });
    other.write(GET);
    expect(await other.until(/ok$/), 'another client').to.match(/^HTTP\/1\.1 200 /);

    const trusting = await rig.plane(table, { maxClientConnections: 2 }, { trustedProxies: ['127.0.0.1'] });
    for (let i = 0; i < 5; i++) await served(trusting.port);
  });

  it('holds against 2,000 clients that connect and say nothing, and serves again when they have gone', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], { maxConnections: 100 });
    const first = await served(port);
    const crowd = await Promise.all(Array.from({ length: 2000 }, () => rig.client(port)));
    first.received = Buffer.alloc(0);
    first.write(GET);
    expect(await first.until(/ok$/), 'who is in is served').to.match(/^HTTP\/1\.1 200 /);
    await turnsUntil(() => crowd.filter(({ closed, ended }) => closed || ended).length >= 2000 - 100 - 129);
    for (const client of crowd) client.destroy();
    await expectEventually(async () => {
      const later = await rig.client(port);
      later.write(GET);
      const text = await later.until(/\r\n\r\n/).catch(() => '');
      later.destroy();
      return text.startsWith('HTTP/1.1 200');
    });
  });
});

/** Asks until it is so; the plane hears of clients that have left by their FIN. */
async function expectEventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(setImmediate);
}
