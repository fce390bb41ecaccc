import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { until } from '../fixtures/until.ts';

/** The real Prometheus, which asks for OpenMetrics and takes nothing that breaks its rules. */
describe('metrics in Prometheus', () => {
  let elb: Elb;
  let port: number;
  const server = createServer((_request, response) => response.end());
  const directory = mkdtempSync(join(tmpdir(), 'elb-test-prometheus-'));

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo); // it listens on TCP
    elb = await startElb({
      file: {
        domains: { 'a.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'up' } } } } },
        upstreams: { up: { [`127.0.0.1:${port}`]: '', '127.0.0.1:1': 'backup' } },
      },
    });
    for (let i = 0; i < 5; i++) await elb.get('/', { host: 'a.test' });
  });

  after(async () => {
    await elb.stop();
    server.close().closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are scraped and found, servers among them', async () => {
    const own = freePort();
    const config = {
      scrape_configs: [
        {
          job_name: 'elb',
          scrape_interval: '200ms',
          scrape_timeout: '200ms',
          metrics_path: '/__erulb__/metrics',
          static_configs: [{ targets: [`127.0.0.1:${elb.port}`] }],
        },
      ],
    };
    // JSON is YAML.
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/data`,
        `--web.listen-address=127.0.0.1:${own}`,
      ],
      { stdio: 'ignore' },
    );
    try {
      const ask = async (query: string): Promise<readonly string[]> => {
        const url = `http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(query)}`;
        const response = await fetch(url).catch(() => null);
        if (response === null || response.status !== 200) return [];
        const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
        return data.result.map(({ value }) => value[1]);
      };
      await until('it has scraped', async () => (await ask('up{job="elb"}'))[0] === '1');
      expect(await ask(`elb_server_requests_total{upstream="up",server="127.0.0.1:${port}"}`)).to.deep.equal(['5']);
      expect(await ask('sum(elb_requests_total{domain="a.test",code="200"})')).to.deep.equal(['5']);
      expect(await ask('count(elb_server_state{upstream="up"})')).to.deep.equal(['2']);
      expect(await ask('elb_request_duration_seconds_bucket{le="+Inf"}')).to.deep.equal(['5']);
    } finally {
      prometheus.kill('SIGTERM');
      await once(prometheus, 'exit');
    }
  });
});
