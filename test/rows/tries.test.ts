import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { startElb } from '../fixtures/elb.ts';
import { turnsUntil } from '../fixtures/rig.ts';
import { RowServer, ServerRow } from '../fixtures/server-row.ts';
import { graphOf, to, type Nodes } from '../fixtures/site.ts';

/** What becomes of a request whose server fails: what earlier programs promise of it, by the numbers of their promises. */
describe('servers that fail', () => {
  const row = new ServerRow();
  afterEach(() => row.close());

  it('500 of one, 200 of the next is 200 for GET, with both in the access log; POST stays 500', async () => {
    const servers = await Promise.all(['bad', 'good'].map((name) => new RowServer(name).start()));
    const [bad, good] = servers;
    bad!.status = 500;
    const directory = mkdtempSync(join(tmpdir(), 'elb-row-'));
    const log = join(directory, 'access');
    const elb = await startElb({
      args: [
        '--workers',
        '1',
        '--access-log',
        log,
        '--access-log-format',
        '$request_method $upstream_addr $upstream_status',
      ],
      file: {
        domains: { '*': graphOf({ up: to('up') }) },
        upstreams: { up: { [bad!.address]: 'max_fails=0 weight=1000', [good!.address]: 'max_fails=0' } },
      },
    });
    try {
      const { status, text } = await elb.get('/');
      expect([status, text]).to.deep.equal([200, 'good']);
      const posted = await fetch(`http://127.0.0.1:${elb.port}/`, { method: 'POST', body: 'x' });
      expect(posted.status).to.equal(500);
    } finally {
      await elb.stop();
      await Promise.all(servers.map((server) => server.stop()));
    }
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    rmSync(directory, { recursive: true });
    expect(lines).to.deep.equal([`GET ${bad!.address}, ${good!.address} 500, 200`, `POST ${bad!.address} 500`]);
  });

  it('504 is tried again, 503 and 404 where that is said; three servers in all', async () => {
    await row.open(['max_fails=0', 'max_fails=0', 'max_fails=0', 'max_fails=0']);
    for (const server of row.servers) server.status = 504;
    expect(await row.who(1)).to.deep.equal(['504']);
    expect(row.servers.reduce((sum, { got }) => sum + got.length, 0)).to.equal(3);
    for (const status of [503, 404]) {
      for (const server of row.servers) server.status = server.name === 'd' ? 200 : status;
      row.options({});
      expect(await row.counts(4)).to.deep.equal({ [status]: 3, d: 1 });
      row.options({ retry: { statuses: [500, 503, 404], tries: 1000 } });
      expect(await row.counts(4)).to.deep.equal({ d: 4 });
    }
  });

  it('a server that takes longer than it may is 504 after the time of each try', async () => {
    await row.open(['max_fails=0', 'max_fails=0'], { options: { timeouts: { read: '300ms', silence: '0s' } } });
    for (const server of row.servers) server.isMute = true;
    const since = performance.now();
    expect(await row.who(1)).to.deep.equal(['504']);
    // Both were tried; a tick is a twentieth of a second.
    expect(performance.now() - since).to.be.within(550, 3000);
    expect(row.servers.map(({ got }) => got.length)).to.deep.equal([1, 1]);
    row.options({ timeouts: { read: '300ms', silence: '0s' }, retry: { tries: 1 } });
    const again = performance.now();
    expect(await row.who(1)).to.deep.equal(['504']);
    expect(performance.now() - again).to.be.within(250, 2000);
  });

  it('after the connect time-out of a black hole the next one; it is skipped then; 502 when none is left', async () => {
    const hole = await row.rig.blackHole();
    await row.open([''], { options: { timeouts: { connect: '300ms', race: '0s' } } });
    const port = row.server('a').port;
    const list = [{ port: hole.port }, { port }];
    row.plane.put({ upstreams: { up: list } });
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      const since = performance.now();
      expect(await row.who(1, { host: 'a.test:8080' })).to.deep.equal(['a']);
      times.push(performance.now() - since);
    }
    expect(times.filter((ms) => ms > 250)).to.have.length(1);
    const { fields } = row.server('a').got[0]!;
    expect([fields.host, fields.connection]).to.deep.equal(['a.test:8080', undefined]);
    row.plane.put({ upstreams: { up: [{ port: 1 }] } });
    expect(await row.who(1)).to.deep.equal(['502']);
  });

  it('and with the usual options the next one is asked within a quarter of a second', async () => {
    const hole = await row.rig.blackHole();
    await row.open(['']);
    row.plane.put({ upstreams: { up: [{ port: hole.port }, { port: row.server('a').port }] } });
    const since = performance.now();
    expect(await row.who(6, { method: 'POST', body: 'x' })).to.deep.equal(Array.from({ length: 6 }, () => 'a'));
    expect(performance.now() - since).to.be.below(3000);
  });

  it('a mirror that never answers, and one that is gone, cost the client nothing; its filter says what is copied', async () => {
    await row.open(['', ''], {
      graph: graphOf({
        filter: ['header', { name: 'X-Copy', in: ['yes'], succ: 'mirror', fail: 'main' }],
        mirror: ['mirror', { upstream: 'copies', next: 'main' }],
        main: to('up'),
      }),
    });
    const [main, copy] = row.servers;
    row.list({ a: '' });
    row.plane.put({ upstreams: { copies: [copy!.port] } });
    copy!.isMute = true;
    for (const [i, fields] of [{ 'X-Copy': 'yes' }, {}, { 'X-Copy': 'yes' }].entries())
      expect((await row.ask({ method: 'POST', path: `/${i}`, body: `body ${i}`, fields })).body).to.equal('a');
    await turnsUntil(() => copy!.got.length === 2);
    const told = ({ got }: RowServer): string[] => got.map(({ target, body }) => `${target} ${body}`);
    expect(told(copy!)).to.deep.equal(['/0 body 0', '/2 body 2']);
    expect(told(main!)).to.deep.equal(['/0 body 0', '/1 body 1', '/2 body 2']);
    await copy!.stop();
    expect(await row.who(2, { fields: { 'X-Copy': 'yes' } })).to.deep.equal(['a', 'a']);
  });

  /** What goes wrong with an upstream is told apart by ways around it. */
  const told = (): GraphDocument => {
    const kinds = ['connect', 'closed', 'timeout', 'invalid', 'unavailable'];
    const nodes: Record<string, Nodes[string]> = {};
    for (const [i, kind] of kinds.entries()) {
      nodes[kind] = ['fallback', { on: [kind], next: kinds[i + 1] ?? 'codes', to: `is-${kind}` }];
      nodes[`is-${kind}`] = ['respond', { status: 503, body: kind }];
    }
    nodes['codes'] = ['fallback', { on: [], statuses: [500, 418], next: 'up', to: 'mock' }];
    nodes['mock'] = ['respond', { status: 200, body: 'mock', headers: { 'X-Mock': 'yes' } }];
    nodes['up'] = to('up');
    return graphOf(nodes);
  };

  it('a status that is listed becomes the mock with its fields, and any other one goes through', async () => {
    await row.open([''], { graph: told(), options: { retry: { tries: 1 } } });
    for (const [status, body] of [
      [500, 'mock'],
      [418, 'mock'],
      [404, 'a'],
      [503, 'a'],
    ] as const) {
      row.server('a').status = status;
      const reply = await row.ask();
      expect([reply.status, reply.body]).to.deep.equal([body === 'mock' ? 200 : status, body]);
      expect(reply.fields['x-mock']).to.equal(body === 'mock' ? 'yes' : undefined);
    }
  });

  it('each failure goes its own way: no server, none that takes connections, one that ends, hangs, talks nonsense', async () => {
    await row.open([''], { graph: told(), options: { retry: { tries: 1 }, timeouts: { read: '200ms' } } });
    const ends = await row.rig.serve((connection) => {
      connection.socket.on('data', () => connection.destroy());
    });
    const talks = await row.rig.serve((connection) => {
      connection.socket.on('data', () => connection.write('HELLO\r\n\r\n'));
    });
    row.server('a').isMute = true;
    for (const [port, kind] of [
      [0, 'unavailable'],
      [1, 'connect'],
      [ends.port, 'closed'],
      [row.server('a').port, 'timeout'],
      [talks.port, 'invalid'],
    ] as const) {
      row.plane.put({ upstreams: { up: port === 0 ? [] : [{ port }] } });
      const { status, body } = await row.ask();
      expect([status, body]).to.deep.equal([503, kind]);
    }
  });
});
