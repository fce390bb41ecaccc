import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../lib/core/faults.ts';
import { LOG_FIELDS } from '../../lib/stats/log-fields.ts';
import { BadFormat, logFormat } from '../../lib/stats/log-format.ts';
import { RequestRecord } from '../../lib/stats/request-record.ts';

describe('format of the access log', () => {
  it('writes the fields of projecteru2/elb in its order', () => {
    const { line, fields } = logFormat('elb');
    expect(fields).to.deep.equal(['referer', 'user-agent', 'x-forwarded-for']);
    expect(line(record({ fields: ['http://b.test/', 'curl', '192.0.2.1, 192.0.2.2'] }))).to.match(
      /^a\.test 192\.0\.2\.7 \[\d\d\/\w{3}\/\d{4}:[\d:]{8} \+0000\] "GET \/x\?y=1 HTTP\/1\.1" 200 30 "http:\/\/b\.test\/" "curl" 0\.012 0\.005, 0\.004 "192\.0\.2\.1, 192\.0\.2\.2" "\/x" "y=1" "10\.0\.0\.1:80, 10\.0\.0\.2:80" "connect_failed, 200"\n$/,
    );
  });

  it('writes the combined format that log readers know', () => {
    expect(logFormat('combined').line(record({ fields: ['', 'curl'] }))).to.match(
      /^192\.0\.2\.7 - - \[.*\] "GET \/x\?y=1 HTTP\/1\.1" 200 30 "-" "curl"\n$/,
    );
  });

  it('writes an object with numbers as numbers', () => {
    const object: unknown = JSON.parse(logFormat('json').line(record({ fields: ['', 'curl', ''] })));
    expect(object).to.have.all.keys(
      ...Object.keys(LOG_FIELDS),
      'http_referer',
      'http_user_agent',
      'http_x_forwarded_for',
    );
    expect(object).to.deep.include({
      host: 'a.test',
      status: 200,
      request_time: 0.012,
      bytes_sent: 130,
      nodes: 'r1>r2',
      upstream: 'up',
      ending: 'ok',
      http_user_agent: 'curl',
    });
  });

  it('writes only the members that are asked for', () => {
    expect(logFormat('json:status, domain,http_x_a').line(record({ fields: ['b'] }))).to.equal(
      '{"status":200,"domain":"*.test","http_x_a":"b"}\n',
    );
  });

  it('writes what a template says', () => {
    const { line } = logFormat('$status${status}s <$ending> $nodes');
    expect(line(record({ fault: Fault.REPLY_CUT }))).to.equal('200200s <reply_cut> r1>r2\n');
  });

  it('writes times in their usual forms', () => {
    const { line } = logFormat('$time_iso8601 $msec $request_time $uri $args');
    const [iso = '', unix = '', took, uri, args] = line(record({ durationMs: 61_004.4, target: '/p' }))
      .trim()
      .split(' ');
    expect(iso).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(new Date(iso).getTime() - Number(unix) * 1000)).to.be.below(50);
    expect([took, uri, args]).to.deep.equal(['61.004', '/p', '-']);
  });

  it('writes a hyphen for what is not known', () => {
    expect(logFormat('$request|$upstream|$http_a').line(new RequestRecord())).to.equal('-|-|-\n');
  });

  const bad: readonly (readonly [format: string, why: string])[] = [
    ['common', 'is neither json, combined, elb nor a template with fields such as $status'],
    ['', 'is neither json, combined, elb nor a template with fields such as $status'],
    ['$status $nothing', 'names a field that there is not: $nothing'],
    ['$status $', 'names a field that there is not: $'],
    ['${__proto__}', 'names a field that there is not: $__proto__'],
    ['json:status,constructor', 'names a field that there is not: $constructor'],
  ];
  for (const [format, why] of bad) {
    it(`refuses ${JSON.stringify(format)}`, () => {
      expect(() => logFormat(format)).to.throw(BadFormat, why);
    });
  }

  it('escapes quotes and backslashes where nothing else has to be', () => {
    const request = record({ target: '/a\\b', isPlain: true, fields: ['say "x"'] });
    expect(logFormat('"$uri" "$http_a"').line(request)).to.equal('"/a\\x5Cb" "say \\x22x\\x22"\n');
    expect(logFormat('json:uri,http_a').line(request)).to.equal('{"uri":"/a\\\\b","http_a":"say \\"x\\""}\n');
  });

  it('is one line and one JSON object, whatever a client sends', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'));
    const [text, json] = [logFormat('"$request" "$http_a"'), logFormat('json:request_uri,http_a')];
    fc.assert(
      fc.property(bytes, bytes, (target, value) => {
        const request = record({ target, fields: [value] });
        const line = text.line(request);
        expect(line.indexOf('\n')).to.equal(line.length - 1);
        expect(line.match(/"/g)).to.have.length(4);
        expect(line).to.match(/^[\x20-\x7e]*\n$/);
        const object: unknown = JSON.parse(Buffer.from(json.line(request), 'latin1').toString());
        expect(object).to.deep.equal({
          request_uri: Buffer.from(target, 'latin1').toString(),
          http_a: Buffer.from(value, 'latin1').toString(),
        });
      }),
    );
  });
});

function record(over: {
  target?: string;
  durationMs?: number;
  fields?: readonly string[];
  fault?: number;
  isPlain?: boolean;
}): RequestRecord {
  const { fields = [], ...rest } = over;
  const request = Object.assign(new RequestRecord(), {
    domain: '*.test',
    host: 'a.test',
    method: 'GET',
    status: 200,
    durationMs: 12,
    serverMs: 9,
    receivedBytes: 80,
    sentBytes: 130,
    headBytes: 100,
    peer: '127.0.0.1',
    client: '192.0.2.7',
    target: '/x?y=1',
    upstream: 'up',
    ...rest,
  });
  request.fields.push(...fields);
  request.nodes.push({ name: 'r1' }, { name: 'r2' });
  request.servers = [
    { address: '10.0.0.1:80', startedMs: 0, ms: 5, outcome: Fault.CONNECT_FAILED, spanId: null },
    { address: '10.0.0.2:80', startedMs: 0, ms: 4, outcome: 200, spanId: null },
  ];
  return request;
}
