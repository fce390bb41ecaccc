import { expect } from 'chai';
import { compileGraph } from '../../lib/routing/compile.ts';
import { rules } from '../../rules/index.ts';
import { turnsUntil } from '../fixtures/rig.ts';
import { graphOf, Site, to, type Got, type Nodes } from '../fixtures/site.ts';

/** What becomes of a request on its way through several nodes, and when it fails there. */
describe('ways of a graph', () => {
  const site = new Site();
  afterEach(() => site.close());

  const problems = (nodes: Nodes) => compileGraph(graphOf(nodes), { rules, maxNodes: 100 }).problems;

  it('lead on only: what leads back, nowhere or to nobody is refused, with its place', () => {
    const edge = (next: string): Nodes[string] => ['request-headers', { set: { 'X-A': 1 }, next }];
    expect(problems({ a: edge('b'), b: edge('a') }).map(({ at }) => at)).to.have.length(1);
    expect(problems({ a: edge('nobody') })).to.deep.equal([
      { at: '/rules/a/args/next', msg: 'names "nobody", which is not in rules' },
    ]);
    expect(problems({ a: ['request-headers', { jump_if: 'b' }] }).map(({ at }) => at)).to.deep.equal([
      '/rules/a/args/jump_if',
    ]);
    expect(problems({ a: edge('b'), b: to('up'), unused: to('up') })).to.deep.equal([]);
  });

  it('change with their document, from the next request on: 404, 502, an answer', async () => {
    await site.open({ domains: { 'a.test': 'later' }, servers: ['up'] });
    expect((await site.ask('GET b.test/')).status).to.equal(404);
    expect((await site.ask('GET a.test/')).status).to.equal(502);
    site.change({ 'a.test': 'up' });
    expect((await site.ask('GET a.test/')).status).to.equal(200);
  });

  it('what fails a check does not come to the nodes behind it, and may go another way', async () => {
    const check = ['validate', { headers: { 'X-A': { exact: '1' } }, next: 'proxy', invalid: 'mock' }] as const;
    await site.open({
      domains: { 'a.test': { check, proxy: to('up'), mock: ['respond', { status: 418, body: 'mocked' }] } },
      servers: ['up'],
    });
    expect((await site.ask('GET a.test/', { fields: { 'X-A': '1' } })).status).to.equal(200);
    expect((await site.ask('GET a.test/', { fields: { 'X-A': '2' } })).body).to.equal('mocked');
    expect(site.got.get('up')).to.have.length(1);
  });

  it('blue becomes green with one change under load: none fails, and the cut is sharp', async () => {
    await site.open({ domains: { 'a.test': 'blue' }, servers: ['blue', 'green'] });
    const seen: string[] = [];
    const load = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) seen.push((await site.ask('GET a.test/')).got?.server ?? 'failed');
    };
    const loads = [load(), load(), load()];
    await turnsUntil(() => seen.length > 20);
    site.change({ 'a.test': 'green' });
    expect((await site.ask('GET a.test/')).got?.server).to.equal('green');
    await Promise.all(loads);
    expect(new Set(seen)).to.deep.equal(new Set(['blue', 'green']));
  });

  it('a share by per mille of clients: each stays where it is; a field decides exactly', async () => {
    await site.open({
      domains: {
        'a.test': {
          field: ['header', { name: 'X-Canary', in: ['1', 'yes'], succ: 'canary', fail: 'url' }],
          url: [
            'all',
            {
              of: [{ method: { in: ['POST', 'PUT'] } }, { path: { pattern: '/beta' } }],
              succ: 'canary',
              fail: 'share',
            },
          ],
          share: [
            'split',
            {
              by: 'client',
              parts: [
                { weight: 300, to: 'canary' },
                { weight: 700, to: 'stable' },
              ],
            },
          ],
          canary: to('canary'),
          stable: to('stable'),
        },
      },
      servers: ['canary', 'stable'],
    });
    expect((await site.ask('GET a.test/', { fields: { 'X-Canary': 'yes' } })).got?.server).to.equal('canary');
    expect((await site.ask('POST a.test/beta/x')).got?.server).to.equal('canary');
    const clients = Array.from({ length: 120 }, (_, i) => `127.0.${i + 1}.1`);
    let canaries = 0;
    for (const from of clients) {
      const first = (await site.ask('GET a.test/beta', { from })).got?.server;
      expect((await site.ask('GET a.test/', { from })).got?.server).to.equal(first);
      if (first === 'canary') canaries++;
    }
    // The addresses are given and so is the hash: the number is always the same.
    expect(canaries).to.be.within(25, 50);
  });

  it('weights of servers divide requests in proportion', async () => {
    await site.open({ domains: { 'a.test': 'both' }, servers: ['one', 'two'] });
    const [one = 0, two = 0] = ['one', 'two'].map((name) => site.ports.get(name));
    site.plane.put({ upstreams: { both: [{ port: one }, { port: two, weight: 3 }] } });
    for (let i = 0; i < 40; i++) await site.ask('GET a.test/');
    expect([site.got.get('one')?.length, site.got.get('two')?.length]).to.deep.equal([10, 30]);
  });

  it('a field names one of several ways, and is taken away; another one is unknown: 503', async () => {
    const strip = (next: string): Nodes[string] => ['request-headers', { remove: ['X-Bridge-Dest'], next }];
    await site.open({
      domains: {
        'a.test': {
          bridge: [
            'switch',
            {
              on: { header: 'X-Bridge-Dest' },
              cases: [
                { exact: ['pipeline1', ''], to: 'one' },
                { exact: 'pipeline2', to: 'two' },
                { pattern: '^', to: 'unknown' },
              ],
              default: 'one',
            },
          ],
          one: strip('server1'),
          two: strip('server2'),
          server1: to('one'),
          server2: to('two'),
          unknown: ['respond', { status: 503 }],
        },
      },
      servers: ['one', 'two'],
    });
    for (const [dest, server] of [
      [undefined, 'one'],
      ['pipeline1', 'one'],
      ['pipeline2', 'two'],
    ] as const) {
      const { got } = await site.ask('GET a.test/', { fields: dest === undefined ? {} : { 'X-Bridge-Dest': dest } });
      expect([got?.server, got?.fields['x-bridge-dest']]).to.deep.equal([server, undefined]);
    }
    expect((await site.ask('GET a.test/', { fields: { 'X-Bridge-Dest': 'pipeline3' } })).status).to.equal(503);
  });

  describe('that fail', () => {
    /** A server that answers with these statuses in turn, and then with the last one. */
    const statuses = (...all: readonly number[]) => {
      let at = 0;
      return (_got: Got, response: { statusCode: number; end(text?: string): void }): void => {
        response.statusCode = all[Math.min(at++, all.length - 1)] ?? 200;
        response.end(`${response.statusCode}`);
      };
    };
    const options = { up: { retry: { tries: 1 } } };

    it('a status of a server is replaced by an answer of the graph, with fields and a body', async () => {
      await site.open({
        domains: {
          'a.test': {
            way: ['fallback', { statuses: [500, 503], on: [], next: 'proxy', to: 'mock' }],
            proxy: ['retry', { tries: 1, next: 'up' }],
            up: to('up'),
            mock: ['respond', { status: 200, body: 'as if', headers: { 'X-Mock': 'yes' } }],
          },
        },
        servers: { up: statuses(500, 404, 503, 200) },
      });
      for (const body of ['as if', '404', 'as if', '200']) expect((await site.ask('GET a.test/')).body).to.equal(body);
    });

    it('are tried again as often as is said, whatever lies between', async () => {
      await site.open({
        domains: {
          'a.test': {
            retry: ['retry', { tries: 3, statuses: [500], same_server: true, backoff: '10ms', next: 'edit' }],
            edit: ['request-headers', { set: { 'X-A': 'b' }, next: 'up' }],
            up: to('up'),
          },
        },
        servers: { up: statuses(500, 500, 200, 500, 500, 500, 200) },
      });
      expect((await site.ask('GET a.test/')).body).to.equal('200');
      expect(site.got.get('up')).to.have.length(3);
      expect(site.got.get('up')?.map(({ fields }) => fields['x-a'])).to.deep.equal(['b', 'b', 'b']);
      expect((await site.ask('GET a.test/')).body).to.equal('500');
    });

    it('are cut short by a breaker after half of a hundred have failed, and the answer says so', async () => {
      await site.open({
        domains: {
          'a.test': {
            open: ['fallback', { on: ['unavailable'], next: 'breaker', to: 'broken' }],
            breaker: ['breaker', { failures: ['500'], next: 'once' }],
            once: ['retry', { tries: 1, next: 'up' }],
            up: to('up'),
            broken: ['respond', { status: 503, headers: { 'X-Circuit-Breaker': 'open' } }],
          },
        },
        servers: { up: (got, response) => response.writeHead(Number(got.target.slice(1))).end() },
      });
      for (let i = 0; i < 100; i++) {
        const { status } = await site.ask(`GET a.test/${i % 2 === 0 ? 200 : 500}`);
        expect(status).to.equal(i % 2 === 0 ? 200 : 500);
      }
      const { status, fields } = await site.ask('GET a.test/200');
      expect([status, fields.get('x-circuit-breaker')]).to.deep.equal([503, ['open']]);
      expect(site.got.get('up')).to.have.length(100);
    });

    it('take too long: 408 after half a second where the graph says so, and the server is left', async () => {
      const gone = Promise.withResolvers<void>();
      await site.open({
        domains: {
          'a.test': {
            late: ['fallback', { on: ['timeout'], next: 'timeout', to: 'too-late' }],
            timeout: ['timeout', { request: '500ms', next: 'up' }],
            up: to('up'),
            'too-late': ['respond', { status: 408, headers: { 'X-Time-Limiter': 'timed-out' } }],
          },
        },
        servers: { up: (_got, response) => response.on('close', gone.resolve) },
        options,
      });
      const { status, fields } = await site.ask('GET a.test/');
      expect([status, fields.get('x-time-limiter')]).to.deep.equal([408, ['timed-out']]);
      await gone.promise;
    });

    it('are too many: the sixth of five a second is 429, or waits for its turn', async () => {
      const limit = (wait: string): Nodes => ({
        limit: ['rate-limit', { limit: 5, per: '1s', wait, next: 'up', limited: 'limited' }],
        up: to('up'),
        limited: ['respond', { status: 429, headers: { 'X-Rate-Limiter': 'too-many-requests' } }],
      });
      await site.open({ domains: { 'a.test': limit('0s'), 'b.test': limit('1s') }, servers: ['up'] });
      const all = async (host: string) =>
        Promise.all(Array.from({ length: 6 }, async () => (await site.ask(`GET ${host}/`)).status));
      expect((await all('a.test')).toSorted()).to.deep.equal([200, 200, 200, 200, 200, 429]);
      expect(await all('b.test')).to.deep.equal([200, 200, 200, 200, 200, 200]);
    });

    it('are copied elsewhere beside it, body and all, and no client waits for the copy', async () => {
      await site.open({
        domains: { 'a.test': { mirror: ['mirror', { upstream: 'copies', next: 'up' }], up: to('up') } },
        servers: { up: null, copies: () => undefined },
      });
      for (let i = 0; i < 3; i++) {
        const { got } = await site.ask('POST a.test/x?y', { body: `body ${i}` });
        expect(got?.body).to.equal(`body ${i}`);
      }
      await turnsUntil(() => site.got.get('copies')?.length === 3);
      expect(site.got.get('copies')?.map(({ method, target, body }) => [method, target, body])).to.deep.equal([
        ['POST', '/x?y', 'body 0'],
        ['POST', '/x?y', 'body 1'],
        ['POST', '/x?y', 'body 2'],
      ]);
    });
  });
});
