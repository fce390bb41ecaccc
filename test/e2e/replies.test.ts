import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

/** What is done to replies on their way, as whoever runs the program sees it: replies, access log, metrics, last requests. */
describe('replies that are compressed and kept', () => {
  let server: Server;
  let elb: Elb;
  let asked = 0;
  const BODY = 'All that is gold does not glitter. '.repeat(100);
  before(async () => {
    server = createServer((_request, response) => {
      asked++;
      response.setHeader('Content-Type', 'text/plain').end(BODY);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const rules = { all: { type: 'backend', args: { servername: 'up' } } };
    elb = await startElb({
      args: ['--workers', '1'],
      file: {
        domains: { 'a.test': { init: 'all', rules } },
        upstreams: { up: { [`127.0.0.1:${port}`]: '' } },
        options: {
          up: { compression: { enabled: true, codings: ['gzip'] }, cache: { enabled: true, expiration: '1h' } },
        },
      },
    });
  });
  after(async () => {
    await elb.stop();
    server.close();
    server.closeAllConnections();
  });

  it('are told as what they were', async () => {
    const headers = { host: 'a.test', 'accept-encoding': 'gzip' };
    for (let i = 0; i < 3; i++) {
      const reply = await elb.get('/x', headers);
      expect(reply.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
      expect(reply.headers['age']).to.match(i === 0 ? /^undefined$/ : /^\d+$/);
    }
    expect((await elb.get('/x', { host: 'a.test' })).text).to.equal(BODY);
    expect(asked).to.equal(1);

    const samples = async (): Promise<string> => (await elb.admin('GET', 'metrics')).text;
    await until('all are counted', async () => (await samples()).includes('{upstream="up",result="hit"} 3'));
    const text = await samples();
    expect(text).to.include('elb_upstream_compressed_replies_total{upstream="up"} 3');
    expect(text).to.include(`elb_upstream_compression_bytes_total{upstream="up",side="before"} ${3 * BODY.length}`);
    const [, after = ''] = /compression_bytes_total\{upstream="up",side="after"\} (\d+)/.exec(text) ?? [];
    expect(Number(after)).to.be.within(100, BODY.length / 2);
    expect(text).to.match(/elb_upstream_cache_bytes\{upstream="up"\} [1-9]/);

    const { requests } = (await elb.admin('GET', 'requests')).json() as {
      readonly requests: readonly {
        readonly cache: string;
        readonly sent_bytes: number;
        readonly server: string | null;
      }[];
    };
    expect(requests.map(({ cache, server: by }) => [cache, by === null])).to.deep.equal([
      ['HIT', true],
      ['HIT', true],
      ['HIT', true],
      ['MISS', false],
    ]);
    expect(requests[0]?.sent_bytes).to.be.above(BODY.length);
    expect(requests[1]?.sent_bytes).to.be.below(BODY.length / 2);
  });

  it('are explained', async () => {
    const told = await elb.admin('GET', 'explain?url=http://a.test/y&header=Accept-Encoding:gzip');
    expect(told.text).to.include('its reply may be compressed (gzip)');
    expect((await elb.admin('GET', 'explain?url=http://a.test/x')).text).to.include(
      'a reply that is kept of upstream up',
    );
  });
});
