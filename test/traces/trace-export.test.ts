import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import type { TracedRequest } from '../../lib/stats/traced-request.ts';
import { TraceExport } from '../../lib/traces/trace-export.ts';

describe('export of traces', () => {
  const log = pino({ level: 'silent' });
  const request: TracedRequest = {
    isSecure: false,
    span: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: '', sampled: true },
    startedAt: Date.now(),
    durationMs: 1,
    method: 'GET',
    host: 'a.test',
    target: '/',
    client: '127.0.0.1',
    domain: 'a.test',
    nodes: ['r1'],
    upstream: 'up',
    status: 200,
    ending: 'ok',
    receivedBytes: 1,
    sentBytes: 1,
    tries: [],
  };
  const create = (otlp: string | null): Promise<TraceExport | null> =>
    TraceExport.create({ receivers: { otlp, zipkin: null }, name: 'ELB', version: '1', log });

  it('is nothing where there is no receiver', async () => {
    expect(await create(null)).to.equal(null);
  });

  it('counts what a receiver does not take, and what there are too many of, and ends all the same', async () => {
    const server = createServer((_request, response) => {
      response.statusCode = 400;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const traces = await create(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`);
    traces?.took(
      Array.from({ length: 20_000 }, () => request),
      7,
    );
    await traces?.stop();
    const [[name, { sent, failed, dropped }] = ['', { sent: 0, failed: 0, dropped: 0 }]] = [
      ...(traces?.counts() ?? []),
    ];
    expect([name, sent, dropped]).to.deep.equal(['otlp', 0, 20_000 - 16_384 + 7]);
    expect(failed).to.be.at.least(512);
    server.close().closeAllConnections();
  });
});
