import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { CALM } from '../fixtures/calm-load.ts';
import { METRICS } from '../../lib/stats/catalogue.ts';
import { Collector } from '../../lib/stats/collector.ts';
import { Exposition, formatFor } from '../../lib/stats/exposition.ts';
import { exposePrometheus, type InstanceFacts } from '../../lib/stats/prometheus.ts';
import { Tally } from '../../lib/stats/tally.ts';

const facts: InstanceFacts = {
  version: '1.0.0',
  startedAt: 1_700_000_000,
  domains: 2,
  upstreams: 1,
  revision: 42,
  connected: true,
  rejected: 0,
  overlays: 3,
  expiries: [['shop', 1_800_000_000]],
};

describe('exposition', () => {
  it('is what promtool takes', () => {
    const input = [...exposePrometheus(collected(), facts, 'text')].join('');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect([status, stdout, stderr]).to.deep.equal([0, '', '']);
  });

  it('names families and ends as OpenMetrics demands', () => {
    const text = [...exposePrometheus(collected(), facts, 'open')].join('');
    expect(text).to.include('# TYPE elb_requests counter\n').and.to.include('\nelb_requests_total{');
    expect(text).to.match(/\n# EOF\n$/);
  });

  it('tells every metric of the catalogue', () => {
    const text = [...exposePrometheus(collected(), facts, 'text')].join('');
    const told = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(told.toSorted()).to.deep.equal(Object.keys(METRICS).toSorted());
  });

  it('counts requests by domain, code, method and ending', () => {
    const text = [...exposePrometheus(collected(), facts, 'text')].join('');
    expect(text).to.include('elb_requests_total{domain="a.test",code="200",method="GET",ending="ok"} 2\n');
    expect(text).to.include('elb_requests_total{domain="",code="404",method="other",ending="no_domain"} 1\n');
    expect(text).to.include('elb_request_duration_seconds_bucket{le="0.25"} 2\n');
    expect(text).to.include('elb_request_duration_seconds_count 3\n');
    expect(text).to.include('elb_domain_sent_bytes_total{domain="a.test"} 600\n');
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
    const parts = [...exposePrometheus(collector, facts, 'text')];
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
