import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { CALM } from '../fixtures/calm-load.ts';
import { METRICS } from '../../lib/stats/catalogue.ts';
import { Collector } from '../../lib/stats/collector.ts';
import { Exposition, formatFor, type Format } from '../../lib/stats/exposition.ts';
import { exposePrometheus, type InstanceFacts } from '../../lib/stats/prometheus.ts';
import { Tally } from '../../lib/stats/tally.ts';
import { UpstreamLines } from '../../lib/stats/upstream-lines.ts';
import { Random } from '../sync/random.ts';
import type { UpstreamWork } from '../../lib/core/upstream-work.ts';

const facts: InstanceFacts = {
  version: '1.0.0',
  startedAt: 1_700_000_000,
  domains: 2,
  upstreams: 1,
  revision: 42,
  lag: 1,
  connected: true,
  rejected: 0,
  overlays: 3,
  spans: [['otlp', { sent: 5, failed: 1, dropped: 0 }]],
  expiries: [['shop', 1_800_000_000]],
  listeners: [{ address: 'tls:0.0.0.0:443', state: 'failed', reason: 'the address is in use', since: 0 }],
};

const up: UpstreamWork = {
  fail_open: false,
  in_flight: 8,
  waiting: 1,
  retries: 2,
  hedges: 3,
  budget_exhausted: 4,
  refused: { full: 5, open: 6 },
  compressed: { replies: 18, bytes_in: 20, bytes_out: 19 },
  cache: { hits: 21, misses: 22, bypasses: 23, revalidations: 25, bytes: 24 },
  breaker: { state: 'half-open', since: null },
  opened: 7,
  servers: [
    {
      upstream: 'up',
      name: '10.0.0.1:80',
      addr: '10.0.0.1:80',
      weight: 1,
      state: 'up',
      reason: 'in use',
      since: null,
      until: null,
      used: true,
      in_flight: 8,
      fails: 9,
      latency_ms: 10,
      connections: { open: 13, idle: 2, made: 14 },
      requests: 15,
      failures: 16,
      ejections: 17,
    },
  ],
};
const upstreams = [['up', up]] as const;

describe('exposition', () => {
  it('is what promtool takes', () => {
    const input = pageOf(collected(), upstreams);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect([status, stdout, stderr]).to.deep.equal([0, '', '']);
  });

  it('names families and ends as OpenMetrics demands', () => {
    const text = pageOf(collected(), upstreams, 'open');
    expect(text).to.include('# TYPE elb_requests counter\n').and.to.include('\nelb_requests_total{');
    expect(text).to.match(/\n# EOF\n$/);
  });

  it('tells every metric of the catalogue', () => {
    const text = pageOf(collected(), upstreams);
    const told = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(told.toSorted()).to.deep.equal(Object.keys(METRICS).toSorted());
  });

  it('counts requests by domain, code, method and ending', () => {
    const text = pageOf(collected(), upstreams);
    expect(text).to.include('elb_requests_total{domain="a.test",code="200",method="GET",ending="ok"} 2\n');
    expect(text).to.include('elb_requests_total{domain="",code="404",method="other",ending="no_domain"} 1\n');
    expect(text).to.include('elb_request_duration_seconds_bucket{le="0.25"} 2\n');
    expect(text).to.include('elb_request_duration_seconds_count 3\n');
    expect(text).to.include('elb_domain_sent_bytes_total{domain="a.test"} 600\n');
  });

  it('tells upstreams and servers, but not what is not known', () => {
    const unknown = { ...up, breaker: null, servers: up.servers.map((server) => ({ ...server, latency_ms: null })) };
    const text = pageOf(collected(), [...upstreams, ['other', unknown]]);
    for (const sample of [
      'elb_upstream_retries_total{upstream="up"} 2',
      'elb_upstream_refused_requests_total{upstream="up",reason="breaker"} 6',
      'elb_upstream_breaker_state{upstream="up",state="half-open"} 1',
      'elb_server_state{upstream="up",server="10.0.0.1:80",state="up"} 1',
      'elb_server_latency_seconds{upstream="up",server="10.0.0.1:80"} 0.01',
      'elb_server_connections{upstream="up",server="10.0.0.1:80",kind="busy"} 11',
      'elb_server_used{upstream="other",server="10.0.0.1:80"} 1',
    ]) {
      expect(text).to.include(`${sample}\n`);
    }
    expect(text).to.not.match(/latency_seconds\{upstream="other"|breaker_state\{upstream="other"/);
  });

  it('escapes what a name may hold', () => {
    const out = new Exposition('text');
    out.family('elb_domain_sent_bytes_total');
    out.sample(1, 'a"\\\nb');
    expect(out.end().toString()).to.match(/\{domain="a\\"\\\\\\nb"\} 1\n$/);
  });

  it('gives a page of many series in parts', () => {
    const collector = new Collector();
    const tally = new Tally();
    for (let i = 0; i < 2000; i++) tally.count({ ...request, domain: `d${i}.test` });
    collector.totals.merge(tally.take());
    const parts = partsOf(exposePrometheus({ collector, upstreams: [], facts }, new UpstreamLines(), 'text'));
    expect(parts.length).to.be.above(5);
    for (const part of parts) expect(part).to.match(/\n$/).and.to.have.length.below(66_000);
  });

  it('tells what has changed since the page before, and what has not', () => {
    const lines = new UpstreamLines();
    const collector = new Collector();
    const count = (domain: string): void => {
      const tally = new Tally();
      tally.count({ ...request, domain });
      collector.totals.merge(tally.take());
    };
    const page = (works: Iterable<readonly [string, UpstreamWork]>): string =>
      partsOf(exposePrometheus({ collector, upstreams: works, facts }, lines, 'text')).join('');
    count('a.test');
    count('b.test');
    const first = page([...upstreams, ['other', up], ['gone', up]]);
    count('b.test');
    const [server] = up.servers;
    if (server === undefined) throw new Error('it has a server');
    const other = { ...up, servers: [{ ...server, in_flight: 42 }] };
    const second = page([...upstreams, ['other', other]]);
    const expected = first
      .split('\n')
      .filter((line) => !line.includes('"gone"'))
      .join('\n')
      .replace('elb_server_requests_in_flight{upstream="other",server="10.0.0.1:80"} 8', (line) =>
        line.replace(/8$/, '42'),
      )
      .replaceAll(/(elb_requests_total\{domain="b.test",.*\}) 1\n/g, '$1 2\n')
      .replace('elb_domain_request_seconds_total{domain="b.test"} 0.02', (line) => line.replace('0.02', '0.04'))
      .replace('elb_domain_received_bytes_total{domain="b.test"} 100', (line) => line.replace('100', '200'))
      .replace('elb_domain_sent_bytes_total{domain="b.test"} 300', (line) => line.replace('300', '600'));
    expect(configured(second)).to.deep.equal(configured(expected));
    expect(second).to.include('{domain="b.test",code="200",method="GET",ending="ok"} 2\n').and.to.include('"} 42\n');
  });

  it('finds its room for names of any length and of any script', () => {
    const collector = new Collector();
    const tally = new Tally();
    const names = Array.from({ length: 300 }, (_, i) => `${'\u00fc\u20ac'.repeat(i)}${'x'.repeat(i * 7)}.test`);
    for (const domain of names) {
      const edges = [{ from: domain, edge: 'succ', hits: 1 }];
      tally.count({ ...request, domain, graph: { edges } });
    }
    collector.totals.merge(tally.take());
    const page = pageOf(collector, []);
    for (const name of names) expect(page).to.include(`\nelb_edge_hits_total{domain="${name}",node="${name}",`);
  });

  it('tells each domain once while others come and go', () => {
    const told = new Set<string>();
    const collector = new Collector();
    const random = new Random(7);
    const lines = new UpstreamLines();
    for (let i = 0; i < 2000; i++) {
      const domain = `d${Math.floor(random.next() * 100)}.test`;
      if (told.has(domain) && random.next() < 0.5) {
        told.delete(domain);
        collector.totals.forget(domain);
      } else {
        const tally = new Tally();
        tally.count({ ...request, domain });
        collector.totals.merge(tally.take());
        told.add(domain);
      }
      if (i % 100 !== 0) continue;
      const page = partsOf(exposePrometheus({ collector, upstreams: [], facts }, lines, 'text')).join('');
      const names = [...page.matchAll(/^elb_domain_sent_bytes_total\{domain="(.*?)"/gm)].map(([, name]) => name);
      expect(names.toSorted()).to.deep.equal([...told].toSorted());
    }
  });

  it('takes OpenMetrics only where it is asked for', () => {
    expect(formatFor(undefined)).to.equal('text');
    expect(formatFor('*/*')).to.equal('text');
    expect(formatFor('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).to.equal('open');
  });
});

function pageOf(
  collector: Collector,
  works: Iterable<readonly [string, UpstreamWork]>,
  format: Format = 'text',
): string {
  return partsOf(exposePrometheus({ collector, upstreams: works, facts }, new UpstreamLines(), format)).join('');
}

/** Each as it was when it was given: its memory is used again. */
function partsOf(steps: Iterable<Buffer | null>): readonly string[] {
  return Array.from(steps, (part) => part?.toString() ?? '').filter((part) => part !== '');
}

/** Samples of domains and upstreams: those of processes are others each time. */
function configured(page: string): readonly string[] {
  return page.split('\n').filter((line) => /[{](?:domain|upstream)=/.test(line));
}

const request = {
  domain: 'a.test',
  graph: null,
  method: 'GET',
  status: 200,
  fault: 0,
  durationMs: 20,
  serverMs: 10,
  receivedBytes: 100,
  sentBytes: 300,
};

function collected(): Collector {
  const tally = new Tally();
  tally.count(request);
  tally.count({ ...request, durationMs: 300 });
  tally.count({ ...request, domain: '', method: 'BREW', status: 404, fault: Fault.NO_DOMAIN });
  const collector = new Collector();
  const usage = { pid: 99, rssBytes: 1, heapBytes: 1, cpuSeconds: 0.5 };
  collector.took(1, {
    tally: tally.take(),
    droppedTraces: 0,
    clients: 1,
    newClients: 2,
    lostTimes: 0,
    droppedLines: 0,
    greetings: { full: 3 },
    usage,
    load: CALM,
  });
  return collector;
}
