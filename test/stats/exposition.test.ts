import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { CALM } from '../fixtures/calm-load.ts';
import { METRICS } from '../../lib/stats/catalogue.ts';
import { Collector } from '../../lib/stats/collector.ts';
import { Exposition, formatFor } from '../../lib/stats/exposition.ts';
import { exposePrometheus, type InstanceFacts } from '../../lib/stats/prometheus.ts';
import type { Measured } from '../../lib/stats/server-metrics.ts';
import { Tally } from '../../lib/stats/tally.ts';

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

const upstreams: Measured = [
  [
    'up',
    {
      waiting: 1,
      retries: 2,
      hedges: 3,
      budget_exhausted: 4,
      refused: { full: 5, open: 6 },
      compressed: { replies: 18, bytes_in: 20, bytes_out: 19 },
      cache: { hits: 21, misses: 22, bypasses: 23, bytes: 24 },
      breaker: { state: 'half-open' },
      opened: 7,
      servers: [
        {
          addr: '10.0.0.1:80',
          state: 'up',
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
    },
  ],
];

describe('exposition', () => {
  it('is what promtool takes', () => {
    const input = [...exposePrometheus(collected(), upstreams, facts, 'text')].join('');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect([status, stdout, stderr]).to.deep.equal([0, '', '']);
  });

  it('names families and ends as OpenMetrics demands', () => {
    const text = [...exposePrometheus(collected(), upstreams, facts, 'open')].join('');
    expect(text).to.include('# TYPE elb_requests counter\n').and.to.include('\nelb_requests_total{');
    expect(text).to.match(/\n# EOF\n$/);
  });

  it('tells every metric of the catalogue', () => {
    const text = [...exposePrometheus(collected(), upstreams, facts, 'text')].join('');
    const told = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(told.toSorted()).to.deep.equal(Object.keys(METRICS).toSorted());
  });

  it('counts requests by domain, code, method and ending', () => {
    const text = [...exposePrometheus(collected(), upstreams, facts, 'text')].join('');
    expect(text).to.include('elb_requests_total{domain="a.test",code="200",method="GET",ending="ok"} 2\n');
    expect(text).to.include('elb_requests_total{domain="",code="404",method="other",ending="no_domain"} 1\n');
    expect(text).to.include('elb_request_duration_seconds_bucket{le="0.25"} 2\n');
    expect(text).to.include('elb_request_duration_seconds_count 3\n');
    expect(text).to.include('elb_domain_sent_bytes_total{domain="a.test"} 600\n');
  });

  it('tells upstreams and servers, but not what is not known', () => {
    const [[name, work]] = upstreams as [Measured[number]];
    const unknown = {
      ...work,
      breaker: null,
      servers: work.servers.map((server) => ({ ...server, latency_ms: null })),
    };
    const text = [...exposePrometheus(collected(), [...upstreams, ['other', unknown]], facts, 'text')].join('');
    for (const sample of [
      `elb_upstream_retries_total{upstream="${name}"} 2`,
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
    expect(out.end()).to.match(/\{domain="a\\"\\\\\\nb"\} 1\n$/);
  });

  it('gives a page of many series in parts', () => {
    const collector = new Collector();
    const tally = new Tally();
    for (let i = 0; i < 2000; i++) tally.count({ ...request, domain: `d${i}.test` });
    collector.totals.merge(tally.take());
    const parts = [...exposePrometheus(collector, [], facts, 'text')];
    expect(parts.length).to.be.above(3);
    for (const part of parts.slice(0, -1)) expect(part).to.match(/\n$/).and.to.have.length.below(100_000);
  });

  it('takes OpenMetrics only where it is asked for', () => {
    expect(formatFor(undefined)).to.equal('text');
    expect(formatFor('*/*')).to.equal('text');
    expect(formatFor('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).to.equal('open');
  });
});

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
    servers: [],
    samples: [],
    traces: { requests: [], dropped: 0 },
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
