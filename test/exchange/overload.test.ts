import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { answering, type RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const request = (method: string, path = '/', more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;
const SHED = /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*Retry-After: [123]\r\n/;

/** A data plane in a process that has too little of the processor: something else in it takes nearly all of each turn. */
describe('a worker that is overloaded', () => {
  const rig = new Rig();
  let lines: string[];
  let busy: NodeJS.Immediate | null = null;
  let port: number;
  let adminDirectory: string;

  beforeEach(async () => {
    lines = [];
    adminDirectory = mkdtempSync(join(tmpdir(), 'elb-overload-'));
    const server = await rig.serve(answering(OK));
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const adminSocket = join(adminDirectory, 'admin.sock');
    const table = { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } };
    ({ port } = await rig.plane(table, { maxWaitMs: 10 }, { log, adminSocket }));
  });

  afterEach(async () => {
    recover();
    await rig.stop();
    rmSync(adminDirectory, { recursive: true, force: true });
  });

  async function overload(): Promise<void> {
    const spin = (): void => {
      const end = performance.now() + 8;
      while (performance.now() < end);
      busy = setImmediate(spin);
    };
    spin();
    await turnsUntil(() => lines.some((line) => line.includes('"overloaded"')));
  }

  function recover(): void {
    if (busy !== null) clearImmediate(busy);
    busy = null;
  }

  /** Sends to all at once, again and again, until one of the replies is a 503: who was shed, and its reply. */
  async function untilShed(clients: readonly RawClient[], text: string): Promise<RawClient> {
    for (;;) {
      for (const client of clients) {
        client.received = Buffer.alloc(0);
        client.write(text);
      }
      await Promise.all(clients.map((client) => client.until(/\r\n\r\n/)));
      for (const client of clients) if (!client.text.startsWith('HTTP/1.1 200')) return client;
    }
  }

  const many = (): Promise<RawClient[]> => Promise.all(Array.from({ length: 100 }, () => rig.client(port)));

  it('answers some, sheds others with 503 and Retry-After, and their connections go on', async () => {
    const clients = await many();
    await overload();
    const shed = await untilShed(clients, request('GET'));
    expect(await shed.until(/moment\n$/))
      .to.match(SHED)
      .and.not.to.match(/Connection: close/);
    expect(clients.filter(({ text }) => text.startsWith('HTTP/1.1 200'))).not.to.be.empty;
    recover();
    await turnsUntil(() => lines.some((line) => line.includes('no longer overloaded')));
    expect(lines.filter((line) => line.includes('overloaded'))).to.have.length(2);
    expect(Number(/"shed":(\d+)/.exec(lines.join())?.[1])).to.be.greaterThan(0);
    for (const client of clients) {
      client.received = Buffer.alloc(0);
      client.write(request('GET'));
    }
    const replies = await Promise.all(clients.map((client) => client.until(/ok$/)));
    expect(replies.filter((text) => !text.startsWith('HTTP/1.1 200'))).to.deep.equal([]);
  });

  it('sheds a HEAD without a body, and a request together with its body', async () => {
    const clients = await many();
    await overload();
    const head = await untilShed(clients, request('HEAD'));
    expect(head.text)
      .to.match(SHED)
      .and.to.match(/\r\n\r\n$/);
    const post = await untilShed(clients, `${request('POST', '/', 'Content-Length: 10\r\n')}0123456789`);
    expect(await post.until(/moment\n$/)).to.match(SHED);
    post.received = Buffer.alloc(0);
    recover();
    post.write(request('GET'));
    expect(await post.until(/\r\n\r\n/), 'what follows is read right').to.match(/^HTTP\/1\.1 200 /);
  });

  it('answers what was pipelined in its order, whatever is shed of it', async () => {
    const clients = await many();
    await overload();
    const shed = await untilShed(clients, request('GET') + request('GET', '/second'));
    recover();
    const text = await shed.until(/HTTP[^]*HTTP[^]*(ok|moment\n)$/);
    expect(text.match(/HTTP\/1\.1 \d+/g)).to.have.length(2);
  });

  it('lets admin calls pass', async () => {
    const admin = createServer((_request, response) => response.end('{}')).listen(join(adminDirectory, 'admin.sock'));
    await once(admin, 'listening');
    const clients = await many();
    const operator = await rig.client(port);
    await overload();
    for (let call = 1; call <= 20; call++) {
      for (const client of clients) client.write(request('GET'));
      operator.received = Buffer.alloc(0);
      operator.write(request('GET', '/__erulb__/status'));
      expect(await operator.until(/\{\}$/)).to.match(/^HTTP\/1\.1 200 /);
    }
    await turnsUntil(() => clients.some(({ text }) => text.includes('HTTP/1.1 503')));
    admin.closeAllConnections();
    admin.close();
  });
});
