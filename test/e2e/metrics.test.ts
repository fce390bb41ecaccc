import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

describe('metrics of the program', () => {
  let elb: Elb;
  let scrapePort: number;
  const server = createServer((request, response) => {
    request.resume();
    response.end(request.url === '/x/big' ? 'x'.repeat(100_000) : 'hello');
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    elb = await startElb({
      args: ['--metrics-listen', '127.0.0.1:0'],
      env: { ELB_WORKERS: '2' },
      file: {
        domains: {
          'a.test': {
            init: 'r1',
            rules: {
              r1: { type: 'path', args: { pattern: '/x', succ: 'r2' } },
              r2: { type: 'backend', args: { servername: 'up' } },
            },
          },
          'gone.test': { init: 'r1', rules: { r1: { type: 'backend', args: { servername: 'nothing' } } } },
        },
        upstreams: { up: { [`127.0.0.1:${port}`]: '' } },
      },
    });
    const { address } = await elb.logged(({ msg }) => msg === 'telling metrics');
    scrapePort = (address as AddressInfo).port; // the line holds what the server said
  });

  after(async () => {
    await elb.stop();
    server.close().closeAllConnections();
  });

  it('adds up over the workers, by domain, code, method and ending', async () => {
    for (let i = 0; i < 20; i++) await elb.get('/x', { host: 'a.test', connection: 'close' });
    for (let i = 0; i < 5; i++) await elb.get('/y', { host: 'a.test', connection: 'close' });
    for (let i = 0; i < 3; i++) await elb.get('/', { host: `unknown${i}.test` });
    const samples = await scrape();
    expect(samples.get('elb_requests_total{domain="a.test",code="200",method="GET",ending="ok"}')).to.equal(20);
    expect(samples.get('elb_requests_total{domain="a.test",code="403",method="GET",ending="forbidden"}')).to.equal(5);
    expect(samples.get('elb_requests_total{domain="",code="404",method="GET",ending="no_domain"}')).to.equal(3);
    expect(samples.get('elb_request_duration_seconds_count')).to.equal(28);
    expect(samples.get('elb_server_duration_seconds_count')).to.equal(20);
    expect(samples.get('elb_workers')).to.equal(2);
    expect(samples.get('elb_domains')).to.equal(2);
  });

  it('counts how often each edge was walked', async () => {
    const samples = await scrape();
    const hits = (node: string, edge: string): number | undefined =>
      samples.get(`elb_edge_hits_total{domain="a.test",node="${node}",edge="${edge}"}`);
    expect([hits('', ''), hits('r1', 'succ'), hits('r1', 'fail')]).to.deep.equal([25, 20, 5]);
  });

  it('counts bytes both ways, heads included', async () => {
    const before = await scrape();
    const sent = 'elb_domain_sent_bytes_total{domain="a.test"}';
    const received = 'elb_domain_received_bytes_total{domain="a.test"}';
    const request = `POST /x/big HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n${'y'.repeat(1000)}`;
    const socket = net.connect(elb.port, '127.0.0.1');
    let length = 0;
    socket.on('data', (bytes: Buffer) => (length += bytes.length));
    socket.end(request);
    await once(socket, 'close');
    const after = await scrape();
    expect((after.get(sent) ?? 0) - (before.get(sent) ?? 0)).to.equal(length);
    expect((after.get(received) ?? 0) - (before.get(received) ?? 0)).to.equal(request.length);
  });

  it('counts a head that is refused, and a client that leaves', async () => {
    const socket = net.connect(elb.port, '127.0.0.1').end('GET / HTTP/9.9\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    const name = 'elb_requests_total{domain="",code="505",method="other",ending="unsupported_version"}';
    expect((await scrape()).get(name)).to.equal(1);
  });

  it('lets a domain take its series with it', async () => {
    await elb.get('/', { host: 'gone.test' });
    expect([...(await scrape()).keys()].join('\n')).to.include('"gone.test"');
    await elb.admin('DELETE', 'domain', ['gone.test']);
    expect([...(await scrape()).keys()].join('\n')).to.not.include('"gone.test"');
  });

  it('keeps what a worker had counted when it ends', async () => {
    const before = (await scrape()).get('elb_request_duration_seconds_count');
    const pids = [...(await scrape()).keys()].flatMap(
      (key) => /^elb_cpu_seconds_total\{process="(\d+)"/.exec(key)?.[1] ?? [],
    );
    const worker = pids.map(Number).find((pid) => pid !== elb.pid) ?? 0;
    process.kill(worker, 'SIGKILL');
    await until('it is replaced', async () => {
      const now = await scrape();
      return now.get('elb_workers') === 2 && !now.has(`elb_cpu_seconds_total{process="${worker}"}`);
    });
    expect((await scrape()).get('elb_request_duration_seconds_count')).to.be.at.least(before ?? Infinity);
  });

  it('is what promtool and a scraper of OpenMetrics take', async () => {
    const { text, headers } = await elb.get('/__erulb__/metrics');
    expect(headers['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([status, stdout, stderr]).to.deep.equal([0, '', '']);
    const open = await elb.get('/__erulb__/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(open.headers['content-type']).to.match(/^application\/openmetrics-text/);
    expect(open.text).to.match(/# EOF\n$/);
  });

  it('answers scrapers on a listener of their own, and nothing else there', async () => {
    const scraped = await fetch(`http://127.0.0.1:${scrapePort}/metrics`);
    expect([scraped.status, await scraped.text()].join(' ')).to.include('elb_build_info');
    expect((await fetch(`http://127.0.0.1:${scrapePort}/__erulb__/domain`)).status).to.equal(404);
    expect((await fetch(`http://127.0.0.1:${scrapePort}/metrics`, { method: 'POST' })).status).to.equal(405);
  });

  async function scrape(): Promise<Map<string, number>> {
    const { text } = await elb.get('/__erulb__/metrics');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }
});
