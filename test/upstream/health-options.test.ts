import { expect } from 'chai';
import { readOptions } from '../../lib/upstream/options/index.ts';

describe('options for the health of upstreams', () => {
  const refused: readonly (readonly [document: object, at: string, msg: RegExp])[] = [
    [{ health: { kind: 'icmp' } }, '/health/kind', /is not one of none, http, tcp, tls, udp, grpc, command/],
    [{ health: { kind: 'http', interval: '10ms' } }, '/health/interval', /less than 100ms/],
    [{ health: { kind: 'http', timeout: '1ms' } }, '/health/timeout', /less than 10ms/],
    [{ health: { kind: 'http', path: 'health' } }, '/health/path', /is not a path/],
    [{ health: { kind: 'http', path: '/a b' } }, '/health/path', /is not a path/],
    [{ health: { kind: 'http', host: 'a\r\nb: c' } }, '/health/host', /visible ASCII/],
    [{ health: { kind: 'http', fields: { a: 'b\nc' } } }, '/health/fields/a', /form/],
    [{ health: { kind: 'http', fields: { 'a b': 'c' } } }, '/health/fields/a b', /not the name of a field/],
    [{ health: { kind: 'http', fields: { 'Content-Length': '1' } } }, '/health/fields/Content-Length', /for us to say/],
    [{ health: { kind: 'http', status: ['20x'] } }, '/health/status/0', /a status or a range/],
    [{ health: { kind: 'http', status: [] } }, '/health/status', /fewer than 1/],
    [{ health: { kind: 'http', body: 'x', body_pattern: 'y' } }, '/health/body_pattern', /together/],
    [{ health: { kind: 'http', body_pattern: '(?=a)' } }, '/health/body_pattern', /linear time/],
    [{ health: { kind: 'http', port: 0 } }, '/health/port', />= 1/],
    [{ health: { kind: 'http', rise: 0 } }, '/health/rise', />= 1/],
    [{ health: { kind: 'tcp', path: '/x' } }, '/health/path', /is for kind http, not for tcp/],
    [{ health: { kind: 'udp' } }, '/health/send', /is missing/],
    [{ health: { kind: 'udp', send: 'x', path: '/x' } }, '/health/path', /is for kind http, not for udp/],
    [{ health: { kind: 'grpc', send: 'x' } }, '/health/send', /is for kind tcp and tls and udp, not for grpc/],
    [{ health: { path: '/x' } }, '/health/path', /is for kind http, not for none/],
    [{ health: { kind: 'command' } }, '/health/command', /is missing/],
    [{ health: { kind: 'command', command: '../sh' } }, '/health/command', /a file's name/],
    [{ health: { kind: 'command', command: 'x', args: ['a\0b'] } }, '/health/args/0', /form/],
    [{ outlier: { max_share: 101 } }, '/outlier/max_share', /<= 100/],
    [{ outlier: { window: '10ms' } }, '/outlier/window', /less than 1s/],
    [{ breaker: { window: 'both' } }, '/breaker/window', /is not one of none, count, time/],
    [{ breaker: { failure_rate: 0 } }, '/breaker/failure_rate', />= 1/],
    [{ breaker: { failures: ['600'] } }, '/breaker/failures/0', /a status or a range/],
    [{ concurrency: { max: -1 } }, '/concurrency/max', />= 0/],
  ];
  for (const [document, at, msg] of refused) {
    it(`refuse ${JSON.stringify(document)}`, () => {
      const { problems } = readOptions(document);
      expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
      expect(problems[0]?.msg).to.match(msg);
    });
  }

  it('are all off at first', () => {
    const { health, outlier, breaker, concurrency } = readOptions({}).options;
    expect({ health, outlier, breaker, concurrency }).to.deep.equal({
      health: { checks: null, failOpen: 1 },
      outlier: null,
      breaker: null,
      concurrency: { max: 0 },
    });
  });

  it('say a check in full', () => {
    const document = {
      health: {
        kind: 'http',
        interval: '5s',
        jitter: 0,
        timeout: '500ms',
        rise: 1,
        fall: 3,
        initial: 'down',
        port: 9000,
        busy: 'check',
        tls: true,
        method: 'HEAD',
        path: '/health?deep=1',
        host: 'app.test',
        fields: { 'X-Check': 'yes' },
        status: ['200', '204-299'],
        reuse: false,
      },
    };
    const { options, problems } = readOptions(document);
    expect(problems).to.deep.equal([]);
    expect(options.health.checks).to.deep.equal({
      kind: 'http',
      intervalMs: 5000,
      jitter: 0,
      timeoutMs: 500,
      rise: 1,
      fall: 3,
      initial: 'down',
      port: 9000,
      spareBusy: false,
      secure: true,
      method: 'HEAD',
      path: '/health?deep=1',
      host: 'app.test',
      fields: [['X-Check', 'yes']],
      statuses: [
        { from: 200, to: 200 },
        { from: 204, to: 299 },
      ],
      body: null,
      reuse: false,
    });
  });

  it('make a breaker of nothing but its window, as in Resilience4j', () => {
    const { breaker } = readOptions({ breaker: { window: 'count' } }).options;
    expect(breaker).to.deep.include({ size: 100, failureRate: 50, slowRate: 100, slowMs: 60_000, minimum: 100 });
    expect(breaker).to.deep.include({ openMs: 60_000, trial: 10, trialMs: 0 });
    expect([...(breaker?.failures ?? [])].toSorted()).to.deep.equal([408, 499, 500, 502, 503, 504]);
  });

  it('let a breaker count nothing but what is said', () => {
    const { breaker } = readOptions({
      breaker: { window: 'time', failures: ['501-502'], network_errors: false },
    }).options;
    expect([...(breaker?.failures ?? [])]).to.deep.equal([501, 502]);
  });
});
