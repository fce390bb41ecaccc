import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

/** What is looked at of a span in OTLP's JSON (opentelemetry.io/docs/specs/otlp, opentelemetry-proto trace.proto). */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** The same in Zipkin's JSON (zipkin.io/zipkin-api, version 2). */
interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: { readonly serviceName: string };
  readonly tags: Readonly<Record<string, string>>;
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traces of the program', () => {
  let elb: Elb;
  const heard: IncomingHttpHeaders[] = [];
  const otlp: OtlpSpan[] = [];
  const zipkin: ZipkinSpan[] = [];
  const posts: string[] = [];
  const services = new Set<string>();
  const folder = mkdtempSync(join(tmpdir(), 'elb-traces-'));
  const accessLog = join(folder, 'access.log');

  const server = createServer((request, response) => {
    heard.push(request.headers);
    response.statusCode = heard.length === 1 ? 503 : 200;
    response.end();
  });
  const receiver = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      posts.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? ''}`);
      if (request.url === '/v1/traces') {
        // What a receiver of OTLP is sent.
        const { resourceSpans } = JSON.parse(text) as OtlpBody;
        for (const { resource, scopeSpans } of resourceSpans) {
          for (const { key, value } of resource.attributes)
            if (key === 'service.name') services.add(value.stringValue ?? '');
          for (const { spans } of scopeSpans) otlp.push(...spans);
        }
        response.setHeader('Content-Type', 'application/json');
        response.end('{}');
      } else {
        zipkin.push(...(JSON.parse(text) as ZipkinSpan[]));
        response.statusCode = 202;
        response.end();
      }
    });
  });

  before(async () => {
    for (const one of [server, receiver]) {
      one.listen(0, '127.0.0.1');
      await once(one, 'listening');
    }
    const { port } = receiver.address() as AddressInfo; // it listens on TCP
    elb = await startElb({
      args: [
        '--trace-otlp',
        `http://127.0.0.1:${port}/v1/traces`,
        '--trace-zipkin',
        `http://127.0.0.1:${port}/api/v2/spans`,
      ],
      env: {
        ELB_TRUSTED_PROXIES: '127.0.0.1',
        ELBNAME: 'edge',
        ELB_ACCESS_LOG: accessLog,
        ELB_ACCESS_LOG_FORMAT: '$trace_id $span_id $scheme',
      },
      file: {
        domains: {
          'a.test': {
            init: 'r1',
            rules: {
              r1: { type: 'path', args: { pattern: '/', succ: 'r2' } },
              r2: { type: 'backend', args: { servername: 'up' } },
            },
          },
        },
        upstreams: { up: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: '' } },
        options: { up: { retry: { statuses: [503], same_server: true } } },
      },
    });
  });

  after(async () => {
    await elb.stop();
    for (const one of [server, receiver]) one.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  /** Sends a request; answers what the server was told by the last try. */
  async function send(headers: Record<string, string>): Promise<IncomingHttpHeaders> {
    await elb.get('/x?y=1', { host: 'a.test', ...headers });
    return heard.at(-1) ?? {};
  }

  it('goes on with the trace that it is given: a span of its own, and one for each server that was tried', async () => {
    const sent = await send({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' });
    const [, traceId, lastSpan] = /^00-(\w{32})-(\w{16})-01$/.exec(String(sent['traceparent'])) ?? [];
    expect([traceId, sent['tracestate'], heard.length]).to.deep.equal([TRACE, 'vendor=1', 2]);
    await until('both receivers have it', () => Promise.resolve(otlp.length >= 3 && zipkin.length >= 3));

    const own = otlp.find(({ kind }) => kind === 2);
    const tries = otlp.filter(({ kind }) => kind === 3);
    expect([own?.traceId, own?.parentSpanId, own?.name]).to.deep.equal([TRACE, SPAN, 'GET a.test']);
    expect(tries.map(({ parentSpanId }) => parentSpanId)).to.deep.equal([own?.spanId, own?.spanId]);
    expect(tries[1]?.spanId).to.equal(lastSpan);
    expect(heard.map((headers) => headers['traceparent'])).to.deep.equal(
      tries.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    const attributes = new Map(own?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
    expect(attributes.get('http.response.status_code')).to.equal(200);
    expect([attributes.get('url.path'), attributes.get('url.query'), attributes.get('elb.domain')]).to.deep.equal([
      '/x',
      'y=1',
      'a.test',
    ]);
    expect(tries.map(({ status }) => status.code)).to.deep.equal([2, 0]);
    // Times lie inside of one another, and around now.
    const ms = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n);
    expect(ms(own?.startTimeUnixNano ?? '0')).to.be.within(Date.now() - 60_000, Date.now());
    for (const span of tries) {
      expect(BigInt(span.startTimeUnixNano) >= BigInt(own?.startTimeUnixNano ?? 0)).to.equal(true);
      expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).to.equal(true);
    }
    expect([...services]).to.deep.equal(['edge']);
    expect(posts).to.include('POST /v1/traces application/json').and.to.include('POST /api/v2/spans application/json');

    const zipkinOwn = zipkin.find(({ kind }) => kind === 'SERVER');
    expect(zipkinOwn).to.deep.include({
      traceId: TRACE,
      parentId: SPAN,
      id: own?.spanId,
      localEndpoint: { serviceName: 'edge' },
    });
    expect(zipkin.filter(({ kind }) => kind === 'CLIENT').map(({ id }) => id)).to.deep.equal(
      tries.map(({ spanId }) => spanId),
    );
    expect(zipkinOwn?.duration).to.be.at.least(1);
  });

  it('passes B3 on as it has come, in one field or in several, and begins a trace where there is none', async () => {
    const single = await send({ b3: `${TRACE}-${SPAN}-1` });
    expect(single['b3']).to.match(new RegExp(`^${TRACE}-(?!${SPAN})\\w{16}-1$`));
    const several = await send({
      'x-b3-traceid': TRACE,
      'x-b3-spanid': SPAN,
      'x-b3-sampled': '1',
      'x-b3-parentspanid': SPAN,
    });
    expect([several['x-b3-traceid'], several['x-b3-sampled'], several['x-b3-parentspanid']]).to.deep.equal([
      TRACE,
      '1',
      undefined,
    ]);
    expect(several['x-b3-spanid'])
      .to.match(/^\w{16}$/)
      .and.not.to.equal(SPAN);
    const begun = await send({});
    expect(begun['traceparent']).to.match(/^00-(?!0{32})\w{32}-(?!0{16})\w{16}-01$/);
  });

  it('takes what is no trace for none, with what vendors say of it', async () => {
    const sent = await send({ traceparent: `00-${TRACE}-${SPAN}`, tracestate: 'vendor=1' });
    expect(sent['traceparent'])
      .to.match(/^00-\w{32}-\w{16}-01$/)
      .and.not.include(TRACE);
    expect(sent['tracestate']).to.equal(undefined);
  });

  it('tells nothing of a trace that its sender does not want kept', async () => {
    const unwanted = 'deadbeef'.repeat(4);
    const sent = await send({ traceparent: `00-${unwanted}-${SPAN}-00` });
    expect(sent['traceparent']).to.match(new RegExp(`^00-${unwanted}-\\w{16}-00$`));
    const wanted = 'cafebabe'.repeat(4);
    await send({ traceparent: `00-${wanted}-${SPAN}-01` });
    await until('the one after it is told', () => Promise.resolve(otlp.some(({ traceId }) => traceId === wanted)));
    expect(otlp.some(({ traceId }) => traceId === unwanted)).to.equal(false);
  });

  it('counts what it has sent', async () => {
    const { text } = await elb.admin('GET', 'metrics');
    expect(Number(/elb_trace_spans_total\{receiver="otlp",result="sent"\} (\d+)/.exec(text)?.[1])).to.be.at.least(
      otlp.length,
    );
    expect(text).to.include('elb_trace_spans_total{receiver="zipkin",result="failed"} 0');
  });

  it('stands in the access log with its trace and its span', async () => {
    const logged = 'abad1dea'.repeat(4);
    await send({ traceparent: `00-${logged}-${SPAN}-01`, 'x-forwarded-proto': 'https' });
    await until('it is logged', () => Promise.resolve(readFileSync(accessLog, 'utf8').includes(logged)));
    const line = readFileSync(accessLog, 'utf8')
      .split('\n')
      .find((one) => one.includes(logged));
    await until('it is told', () => Promise.resolve(otlp.some(({ traceId }) => traceId === logged)));
    const own = otlp.find(({ traceId, kind }) => traceId === logged && kind === 2);
    // What a trusted proxy says of the client.
    expect(line).to.equal(`${logged} ${own?.spanId ?? ''} https`);
    expect(own?.attributes.find(({ key }) => key === 'url.scheme')?.value).to.deep.equal({ stringValue: 'https' });
  });

  it('is told whole when the program ends', async () => {
    const last = 'feedface'.repeat(4);
    await send({ traceparent: `00-${last}-${SPAN}-01` });
    await elb.stop();
    expect(otlp.filter(({ traceId }) => traceId === last).length).to.equal(2);
    expect(zipkin.filter(({ traceId }) => traceId === last).length).to.equal(2);
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
