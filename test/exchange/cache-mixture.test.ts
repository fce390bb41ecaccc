import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { expect } from 'chai';
import { H2Client } from '../fixtures/h2-client.ts';
import { Rig } from '../fixtures/rig.ts';

const REQUESTS = 800;
const LARGE = 'x'.repeat(100_000);

/**
 * Everything at once that a cache does: replies that are kept, stale, asked about, waited for, private, large, broken off and written to, in
 * languages and codings, for clients of HTTP/1.1 and HTTP/2, some of whom leave. Whatever anybody gets is what he has asked for.
 */
describe('a cache in a mixture of everything', () => {
  const rig = new Rig();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  let server: http.Server;
  let state = 7;
  /** The same in every run. */
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };

  before(async () => {
    let count = 0;
    server = http.createServer((request, response) => {
      const path = request.url ?? '';
      const language = request.headers['accept-language'] ?? 'none';
      const tag = `"${path}-${language}"`;
      const body = `${path} ${language} ${path.startsWith('/large') ? LARGE : ''}.`;
      request.resume();
      response.setHeader('Content-Type', 'text/plain').setHeader('Vary', 'Accept-Language');
      if (path.startsWith('/private')) response.setHeader('Cache-Control', 'private');
      if (path.startsWith('/asked')) response.setHeader('Cache-Control', 'no-cache').setHeader('ETag', tag);
      if (path.startsWith('/short')) response.setHeader('Cache-Control', 'max-age=1').setHeader('ETag', tag);
      if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
      else if (++count % 40 === 0) response.write('half', () => response.destroy());
      else response.end(request.method === 'HEAD' ? undefined : body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    agent.destroy();
    await rig.stop();
    server.close();
    server.closeAllConnections();
  });

  it('gives nobody what somebody else has asked for, nor half of anything', async () => {
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const plane = await rig.proxying(
      [{ port, maxFails: 0 }],
      {},
      {
        cache: { enabled: true, expiration: '100ms', max_bytes: 1_000_000, max_entry_bytes: 200_000 },
        compression: { enabled: true, codings: ['gzip'] },
      },
    );
    let left = REQUESTS;
    const given = new Map<string, number>();
    const checked = (path: string, language: string, status: number, body: string): void => {
      given.set(String(status), (given.get(String(status)) ?? 0) + 1);
      if (status !== 200) return;
      const end = path.startsWith('/large') ? LARGE : '';
      if (body !== `${path} ${language} ${end}.`) throw new Error(`${path} ${language}: ${body.slice(0, 40)}`);
    };
    const asked = (): readonly [path: string, language: string] => {
      const kind = ['usual', 'private', 'asked', 'short', 'large'][random(5)] ?? '';
      return [`/${kind}${random(3)}`, ['de', 'en', 'none'][random(3)] ?? ''];
    };
    const overHttp1 = async (): Promise<void> => {
      while (left-- > 0) {
        const [path, language] = asked();
        const way = random(20);
        const method = way === 0 ? 'POST' : way === 1 ? 'HEAD' : 'GET';
        const headers: Record<string, string> = { host: 'a.test' };
        if (language !== 'none') headers['accept-language'] = language;
        if (random(2) === 0) headers['accept-encoding'] = 'gzip';
        if (way === 2) headers['cache-control'] = 'max-age=0';
        const request = http.request({ host: '127.0.0.1', port: plane.port, path, method, headers, agent });
        // It may come behind the reply, which then tells of it.
        request.on('error', () => undefined);
        try {
          const [reply] = (await once(request.end(), 'response')) as [IncomingMessage];
          reply.on('error', () => undefined);
          if (way === 3) reply.destroy();
          else {
            const plain =
              reply.headers['content-encoding'] === 'gzip' && method !== 'HEAD' ? reply.compose(createGunzip()) : reply;
            const body = await text(plain);
            if (method === 'GET') checked(path, language, reply.statusCode ?? 0, body);
          }
        } catch (error) {
          // What breaks off does so for the client as well.
          if (!(error instanceof Error) || !/aborted|hang up|ECONNRESET|premature|unexpected end/i.test(error.message))
            throw error;
        }
      }
    };
    const overHttp2 = async (): Promise<void> => {
      const client = new H2Client(plane.port);
      while (left-- > 0) {
        const [path, language] = asked();
        const fields = { ':path': path, ...(language !== 'none' && { 'accept-language': language }) };
        const reply = await client.ask(fields);
        if (reply.code === 0) checked(path, language, Number(reply.status), reply.text);
      }
      await client.stop();
    };
    await Promise.all([...Array.from({ length: 20 }, overHttp1), ...Array.from({ length: 10 }, overHttp2)]);
    expect(given.get('200')).to.be.above(REQUESTS / 2);
    expect(plane.plane.report().clients).to.be.at.most(30);
  });
});
