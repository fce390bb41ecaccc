import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';

/** Options that differ in all that is made anew when they change: balancers, sessions, checks, dialers, bounds, guards. */
const OPTIONS: readonly object[] = [
  {},
  {
    balance: { algorithm: 'least-conn', slow_start: '1s' },
    health: { kind: 'http', interval: '100ms', timeout: '50ms' },
  },
  { balance: { algorithm: 'hash', hash: { on: 'header', name: 'X-User', bound: 125 } }, connections: { max_idle: 0 } },
  { balance: { algorithm: 'p2c' }, sticky: { cookie: 'elb', secret: 's' }, concurrency: { max: 1000 } },
  { balance: { algorithm: 'least-bandwidth' }, retry: { hedge_after: '3ms' }, connections: { max_requests: 2 } },
  { balance: { algorithm: 'ip-hash' }, health: { kind: 'tcp', interval: '100ms' }, timeouts: { race: '0s' } },
  { balance: { algorithm: 'weighted-random' }, outlier: { consecutive: 3, failure_rate: 50 }, queue: { size: 100 } },
  { breaker: { window: 'count', size: 50, minimum: 20 }, connections: { max_age: '1s', unsafe_reuse: '0s' } },
];
const PARAMETERS = [
  '',
  'weight=5',
  'max_conns=50',
  'priority=1',
  'backup',
  'tags=a',
  'max_fails=0',
  'weight=0',
  'drain',
];
const CLIENTS = 16;
const CHANGES = 120;

describe('options and servers that change under load', () => {
  const backends: Server[] = [];
  const addresses: string[] = [];
  const agent = new Agent({ keepAlive: true });
  let elb: Elb;

  before(async () => {
    for (let i = 0; i < 4; i++) {
      const backend = createServer((incoming, response) => {
        incoming.resume().on('end', () => setTimeout(() => response.end('ok'), i));
      });
      backend.listen(0, '127.0.0.1');
      await once(backend, 'listening');
      backends.push(backend);
      addresses.push(`127.0.0.1:${(backend.address() as AddressInfo).port}`); // it listens on TCP
    }
    elb = await startElb({
      env: { ELB_WORKERS: '2' },
      file: {
        domains: { 'a.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'up' } } } } },
        upstreams: { up: Object.fromEntries(addresses.map((address) => [address, ''])) },
      },
    });
  });

  after(async () => {
    agent.destroy();
    await elb.stop();
    for (const backend of backends) backend.close().closeAllConnections();
  });

  /** One request in three has a body and may not be sent twice. */
  async function ask(number: number): Promise<string> {
    const method = number % 3 === 0 ? 'POST' : 'GET';
    const headers = { host: 'a.test', 'x-user': String(number) };
    const call = request({ port: elb.port, host: '127.0.0.1', agent, method, headers });
    call.end(method === 'POST' ? 'body' : undefined);
    const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]; // the event's arguments
    let text = '';
    for await (const part of response) text += String(part);
    return `${method} ${response.statusCode} ${text}`;
  }

  it('cost no client a request', async () => {
    const answers = new Map<string, number>();
    let isOver = false;
    let asked = 0;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!isOver) {
        const answer = await ask(asked++);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    });
    for (let i = 0; i < CHANGES; i++) {
      // One server at least can be used, another one each time.
      const list = addresses.map(
        (address, n) => [address, n === i % 4 ? '' : (PARAMETERS[(i * 7 + n) % 9] ?? '')] as const,
      );
      const servers = Object.fromEntries(list.filter((_, n) => n === i % 4 || (i + n) % 3 > 0));
      const [what, body] = i % 2 === 0 ? ['option', OPTIONS[(i / 2) % OPTIONS.length]] : ['upstream', servers];
      const answer = await elb.admin('PUT', String(what), { up: body });
      expect(answer.status, answer.text).to.equal(200);
    }
    isOver = true;
    await Promise.all(clients);
    expect([...answers.keys()].toSorted()).to.deep.equal(['GET 200 ok', 'POST 200 ok']);
    expect(asked).to.be.above(CHANGES);
  });
});
