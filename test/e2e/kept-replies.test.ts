import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { runElbctl } from '../fixtures/elbctl.ts';
import { until } from '../fixtures/until.ts';

/** Replies that two workers keep, each for itself: what is written or purged is forgotten by both. */
describe('replies that several workers keep', () => {
  let server: Server;
  let elb: Elb;
  let asked = 0;
  let version = 1;
  before(async () => {
    server = createServer(({ method }, response) => {
      if (method === 'POST') version++;
      else asked++;
      response.end(`version ${version}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const rules = { all: { type: 'backend', args: { servername: 'up' } } };
    elb = await startElb({
      args: ['--workers', '2'],
      file: {
        domains: { 'a.test': { init: 'all', rules } },
        upstreams: { up: { [`127.0.0.1:${port}`]: '' } },
        options: { up: { cache: { enabled: true, expiration: '1h' } } },
      },
    });
  });
  after(async () => {
    await elb.stop();
    server.close();
    server.closeAllConnections();
  });

  const get = async (path = '/x'): Promise<string> => (await elb.get(path, { host: 'a.test' })).text;
  /** Both have it once the server was asked twice. */
  const known = async (path = '/x'): Promise<void> => {
    const wanted = asked + 2;
    await until('both workers have it', async () => {
      await get(path);
      return asked === wanted;
    });
  };
  const isForgotten = (): Promise<void> =>
    until('both workers have forgotten it', async () => {
      const texts = [];
      for (let i = 0; i < 20; i++) texts.push(await get());
      return texts.every((text) => text === `version ${version}`);
    });

  it('by one who writes', async () => {
    await known();
    const post = request({
      host: '127.0.0.1',
      port: elb.port,
      path: '/x',
      method: 'POST',
      headers: { host: 'a.test' },
    });
    const [reply] = (await once(post.end(), 'response')) as [IncomingMessage];
    await once(reply.resume(), 'end');
    await isForgotten();
  });

  it('by one who asks for it', async () => {
    version++;
    await known('/other');
    expect(await get()).to.equal(`version ${version - 1}`);
    const answer = await elb.admin('DELETE', 'cache?url=http://A.test:80/./x');
    expect([answer.status, answer.json()]).to.deep.equal([200, { msg: 'OK', forgotten: 2 }]);
    await isForgotten();
    const before = asked;
    for (let i = 0; i < 10; i++) await get('/other');
    expect(asked).to.equal(before);
  });

  it('by elbctl, of a prefix, an upstream, or all', async () => {
    for (const args of [['http://a.test/*'], ['--upstream', 'up'], ['--all']]) {
      version++;
      const { code, stdout, stderr } = await runElbctl(['purge', ...args], { ELB_URL: elb.url });
      expect([code, stderr], args.join(' ')).to.deep.equal([0, '']);
      expect(stdout).to.match(/^[1-4] repl(?:y was|ies were) forgotten\n$/);
      await isForgotten();
    }
  });

  it('not without saying what, nor by what is no URL', async () => {
    for (const query of [
      '',
      '?url=a.test',
      '?url=http://a.test/%20x%20',
      '?url=ftp://a.test/',
      '?urls=http://a.test/',
    ]) {
      const { status, text } = await elb.admin('DELETE', `cache${query}`);
      expect(status, text).to.equal(400);
    }
    expect((await elb.admin('GET', 'cache')).status).to.equal(405);
  });
});
