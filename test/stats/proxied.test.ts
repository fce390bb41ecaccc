import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';

describe('statistics of proxied requests', () => {
  const daemon = createSocket('udp4');
  const lines: string[] = [];
  const server = createServer((request, response) => {
    // The first try of /retried fails.
    if (request.url === '/retried' && tries++ === 0) response.writeHead(500);
    if (request.url === '/missing') response.writeHead(404);
    if (request.url === '/slow') setTimeout(() => response.end(), SLOW_MS);
    else response.end();
  });
  let tries = 0;
  let elb: Elb;

  before(async () => {
    daemon.on('message', (bytes) => lines.push(...bytes.toString().split('\n')));
    daemon.bind(0, '127.0.0.1');
    server.listen(0, '127.0.0.1');
    await Promise.all([once(daemon, 'listening'), once(server, 'listening')]);
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const servers = { [`127.0.0.1:${port}`]: 'max_fails=0', [`localhost:${port}`]: 'max_fails=0' };
    const graph = (args: object): object => ({ init: 'r1', rules: { r1: { type: 'backend', args } } });
    elb = await startElb({
      env: { STATSD: `127.0.0.1:${daemon.address().port}`, ELBNAME: 'edge' },
      file: {
        domains: {
          'a.test': graph({ servername: 'up' }),
          '*.b.test': graph({ servername: 'up' }),
          'c.test': graph({}),
        },
        upstreams: { up: servers },
      },
    });
  });

  after(async () => {
    await elb.stop();
    daemon.close();
    server.close();
  });

  const cases: readonly (readonly [what: string, host: string, path: string, key: string, status: number])[] = [
    ['a reply', 'a.test', '/', 'a_test', 200],
    ["a server's 404", 'a.test', '/missing', 'a_test', 404],
    ['a host in capitals with a port', 'A.Test:8080', '/', 'a_test', 200],
    ['a host of a wildcard', 'x.b.test', '/', 'x_b_test', 200],
    ['a retried request: its last status', 'a.test', '/retried', 'a_test', 200],
  ];
  for (const [what, host, path, key, status] of cases) {
    it(`counts ${what}`, async () => {
      lines.length = 0;
      expect((await elb.get(path, { host })).status).to.equal(status);
      await told(3);
      expect(lines[0]).to.equal(`edge.${key}.total:1|c`);
      expect(lines[1]).to.equal(`edge.${key}.status.${status}:1|c`);
      expect(lines[2]).to.match(new RegExp(`^edge\\.${key}\\.cost:\\d+\\|ms$`));
    });
  }

  it('has seen the retried request twice', () => {
    expect(tries).to.equal(2);
  });

  it('measures the time spent on the server', async () => {
    lines.length = 0;
    await elb.get('/slow', { host: 'a.test' });
    await told(3);
    const cost = Number(/:(\d+)\|ms$/.exec(lines[2] ?? '')?.[1]);
    expect(cost).to.be.within(SLOW_MS - 1, SLOW_MS * 10);
  });

  it('does not count requests that never got a server', async () => {
    lines.length = 0;
    expect((await elb.get('/', { host: 'nobody.test' })).status).to.equal(404);
    expect((await elb.get('/', { host: 'c.test' })).status).to.equal(404);
    expect((await elb.admin('GET', 'domain')).status).to.equal(200);
    await elb.get('/', { host: 'last.b.test' });
    await told(3);
    expect(lines.map((line) => line.split('.')[1])).to.deep.equal(['last_b_test', 'last_b_test', 'last_b_test']);
  });

  it('tells what is left when it ends', async () => {
    lines.length = 0;
    await elb.get('/', { host: 'z.b.test' });
    await elb.stop();
    await told(3);
    expect(lines[0]).to.equal('edge.z_b_test.total:1|c');
  });

  async function told(count: number): Promise<void> {
    while (lines.length < count) await once(daemon, 'message');
  }
});

const SLOW_MS = 60;
