import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { resources } from '../../api/index.ts';
import { defineResource } from '../../api/resource.ts';
import { AdminServer } from '../../api/admin-server.ts';
import { StatusBoard } from '../../lib/core/status-board.ts';
import { systemScheduler } from '../../lib/core/scheduler.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { Sync } from '../../lib/sync.ts';
import { syncSections } from '../../lib/sync/status.ts';
import { DnsLookup } from '../../lib/upstream/dns-lookup.ts';
import { Resolver } from '../../lib/upstream/resolve.ts';
import { rules } from '../../rules/index.ts';

describe('admin server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'elb-admin-'));
  const path = join(directory, 'admin.sock');
  const logged: { msg: string; level: number }[] = [];
  const log = pino({ level: 'error' }, { write: (line) => logged.push(JSON.parse(line) as (typeof logged)[0]) });
  const broken = defineResource({
    name: 'broken',
    methods: {
      GET: {
        takesBody: false,
        handle: () => {
          throw new TypeError('secret detail');
        },
      },
    },
  });
  const domains = JSON.stringify({ init: 'r1', rules: { r1: { type: 'backend', args: { servername: 'u' } } } });
  let store: MemoryStore;
  let sync: Sync;
  let server: AdminServer;

  before(async () => {
    store = new MemoryStore({ 'rules/a.test': domains });
    const scheduler = systemScheduler;
    const resolver = new Resolver({ lookup: new DnsLookup(null).lookup, scheduler });
    const first = Promise.withResolvers<void>();
    const apply = async (): Promise<void> => first.resolve();
    sync = new Sync({ store, rules, maxNodes: 100, resolver, scheduler, log, apply });
    const access = { allow: ['127.0.0.0/8'], probes: ['10.0.0.0/8'], hosts: [], tokens: [] };
    const status = new StatusBoard();
    for (const section of syncSections(sync, () => scheduler.now())) status.offer(section);
    const metrics = {
      page: async () => ({
        type: 'text/plain',
        parts: (function* () {
          yield 'a 1\n';
          yield 'b 2\n';
        })(),
      }),
      edges: async () => [{ node: 'r1', edge: 'succ', hits: 3 }],
    };
    const servers = { read: async () => [] };
    const certificates = { list: () => ({}), has: () => false, toSeal: () => [] };
    const fleet = { members: async () => [], until: async () => [] };
    const workers = { query: async () => [] };
    const stats = { stats: () => Promise.reject(new Error('there are none')) };
    server = new AdminServer({
      parts: {
        control: sync,
        changes: sync.changes,
        fleet,
        certificates,
        status,
        metrics,
        workers,
        servers,
        stats,
        rules,
      },
      resources: [...resources, broken],
      access,
      log,
    });
    await Promise.all([server.listen(path), sync.start(), first.promise]);
  });

  after(async () => {
    await server.stop();
    await sync.stop();
    rmSync(directory, { recursive: true });
  });

  it('sends a page part by part', async () => {
    expect(await call('GET', '/__erulb__/metrics')).to.deep.equal([200, 'a 1\nb 2\n']);
  });

  it('answers', async () => {
    expect(await call('GET', '/__erulb__/domain')).to.deep.equal([200, `{"a.test":${domains}}\n`]);
  });

  it('refuses a call without a peer', async () => {
    expect((await call('GET', '/__erulb__/domain', {}))[0]).to.equal(403);
  });

  const queries: readonly (readonly [method: string, target: string, problems: readonly string[]])[] = [
    ['GET', 'domain?pretty', ['?pretty: unknown parameter pretty']],
    ['PUT', 'wait', ['?revision: revision must be given']],
    ['PUT', 'wait?revision=x', ['?revision: revision must be a whole number from 0 to 9007199254740991']],
    ['PUT', 'wait?revision=1&revision=2', ['?revision: revision is given more than once']],
    [
      'PUT',
      'wait?revsion=1&timeout=1y',
      [
        '?revsion: unknown parameter revsion',
        '?revision: revision must be given',
        '?timeout: timeout must be a time from 0ms to 25s, such as 500ms, 30s, 5m or 1h',
      ],
    ],
    ['PUT', 'wait?revision=1&__proto__=1', ['?__proto__: unknown parameter __proto__']],
  ];
  for (const [method, target, problems] of queries) {
    it(`${method} ${target} is refused with all that is wrong`, async () => {
      const [status, text] = await call(method, `/__erulb__/${target}`);
      expect(status).to.equal(400);
      const answer = JSON.parse(text) as { problems: { at: string; msg: string }[] };
      expect(answer.problems.map(({ at, msg }) => `${at}: ${msg}`)).to.deep.equal(problems);
    });
  }

  it('health answers the networks of load balancers, which may ask nothing else', async () => {
    const fromBalancer = { 'X-Elb-Peer': '10.1.2.3' };
    expect(await call('GET', '/__erulb__/health', fromBalancer)).to.deep.equal([200, '{"msg":"OK"}\n']);
    expect((await call('GET', '/__erulb__/status', fromBalancer))[0]).to.equal(403);
    expect((await call('GET', '/__erulb__/health', { 'X-Elb-Peer': '11.1.2.3' }))[0]).to.equal(403);
  });

  it('refuses what a page of another origin has a browser do, before it looks at it', async () => {
    const foreign = { ...LOCAL, host: 'localhost', origin: 'http://evil.test' };
    const [status, text] = await call('PUT', '/__erulb__/domain', foreign, '{}');
    expect([status, JSON.parse(text)['msg']]).to.deep.equal([403, 'not allowed for pages of another origin']);
    expect((await call('GET', '/__erulb__/nope', foreign))[0]).to.equal(403);
    expect((await call('OPTIONS', '/__erulb__/domain', foreign))[0]).to.equal(403);
    expect(await call('GET', '/__erulb__/domain')).to.deep.equal([200, `{"a.test":${domains}}\n`]);
  });

  it('an unexpected error is 500 and a log line, and tells the caller nothing', async () => {
    const [status, text] = await call('GET', '/__erulb__/broken');
    expect([status, text]).to.deep.equal([
      500,
      '{"msg":"internal error","problems":[{"at":"","msg":"internal error"}]}\n',
    ]);
    expect(logged.at(-1)).to.include({ msg: 'admin call failed', level: 50 });
  });

  it('dump: 503 while the store is away, 200 when it is back', async () => {
    store.reachable = false;
    const [status, text] = await call('PUT', '/__erulb__/dump');
    expect(status).to.equal(503);
    expect(JSON.parse(text)).to.have.keys('msg', 'problems');
    store.reachable = true;
    expect(await call('PUT', '/__erulb__/dump')).to.deep.equal([200, '{"msg":"OK"}\n']);
  });

  it('a dump writes what was put', async () => {
    const [status] = await call('PUT', '/__erulb__/upstream', LOCAL, '{"u": {"10.0.0.1:80": "backup weight=2"}}');
    expect(status).to.equal(200);
    expect(store.get('upstreams/u/10.0.0.1:80')).to.equal(null);
    await call('PUT', '/__erulb__/dump');
    expect(store.get('upstreams/u/10.0.0.1:80'))
      .to.match(/backup/)
      .and.match(/weight=2/);
  });

  it('a refused body ends the connection after the answer, so that its rest is not taken for a request', async () => {
    const head = 'POST /__erulb__/domain HTTP/1.1\r\nHost: a\r\nX-Elb-Peer: 127.0.0.1\r\nContent-Length: 100\r\n\r\n';
    expect(await exchange(`${head}{`)).to.match(/^HTTP\/1\.1 405 .*\r\nConnection: close\r\n/s);
  });

  it('a caller that leaves in the middle of its body does no harm', async () => {
    const errors = logged.length;
    const socket = net.connect(path);
    const head = 'PUT /__erulb__/domain HTTP/1.1\r\nHost: a\r\nX-Elb-Peer: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{';
    await new Promise((resolve) => socket.write(head, resolve));
    socket.destroy();
    expect((await call('GET', '/__erulb__/domain'))[0]).to.equal(200);
    expect(logged).to.have.length(errors);
  });

  function call(
    method: string,
    target: string,
    headers: Record<string, string> = LOCAL,
    body = '',
  ): Promise<readonly [status: number, text: string]> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: path, method, path: target, headers, agent: false });
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      request.end(body);
    });
  }

  /** Everything that is answered to some bytes, until the connection ends. */
  function exchange(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(path, () => socket.write(bytes));
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => (text += part));
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
  }
});

const LOCAL = { 'X-Elb-Peer': '127.0.0.1' };
