import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compileGraph } from '../../lib/routing/compile.ts';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { rules } from '../../rules/index.ts';
import { Site, type Nodes } from '../fixtures/site.ts';

/** Who a client is by its address, and who is let in by it. All of 127.0.0.0/8 is this machine: the tests connect from many of it. */
describe('addresses of clients', () => {
  const site = new Site();
  afterEach(() => site.close());

  const server: Nodes[string] = ['backend', { servername: 'server' }];

  describe('lists of networks', () => {
    const lists: readonly (readonly [
      args: Readonly<Record<string, unknown>>,
      allowed: readonly string[],
      denied: readonly string[],
    ])[] = [
      [{ default: 'deny' }, [], ['127.0.0.1']],
      [{ default: 'allow' }, ['127.0.0.1'], []],
      [{ default: 'deny', allow: ['127.0.1.0/24'] }, ['127.0.1.7'], ['127.0.2.7']],
      [{ default: 'deny', allow: ['127.0.1.7'] }, ['127.0.1.7'], ['127.0.1.8']],
      [{ default: 'allow', deny: ['127.0.1.0/24'] }, ['127.0.2.7'], ['127.0.1.7']],
      [{ default: 'deny', allow: ['127.0.1.0/24'], deny: ['127.0.1.7'] }, ['127.0.1.8'], ['127.0.1.7', '127.0.3.1']],
      [{ default: 'allow', allow: ['127.0.1.0/24'], deny: ['127.0.1.7'] }, ['127.0.1.7', '127.0.3.1'], []],
      [{ allow: ['::1', '127.0.1.0/24'] }, ['127.0.1.7'], ['127.0.0.1']],
    ];
    for (const [args, allowed, denied] of lists)
      it(`${JSON.stringify(args)} lets in ${allowed.join() || 'nobody'}, not ${denied.join() || 'nobody'}`, async () => {
        await site.open({
          domains: { 'a.test': { filter: ['ip-filter', { ...args, next: 'server' }], server } },
          servers: ['server'],
        });
        for (const from of allowed) expect((await site.ask('GET a.test/', { from })).status, from).to.equal(200);
        for (const from of denied) {
          // What a client says about its address is not believed.
          const fields = { 'X-Forwarded-For': '127.0.1.7', 'X-Real-IP': '127.0.1.7' };
          expect((await site.ask('GET a.test/', { from, fields })).status, from).to.equal(403);
        }
      });

    it('at the host, at a way and at a path: all of them have to let in', async () => {
      const allow = (networks: readonly string[], next: string): Nodes[string] => [
        'ip-filter',
        { allow: networks, next },
      ];
      await site.open({
        domains: {
          'a.test': {
            host: allow(['127.0.1.0/24', '127.0.2.0/24', '127.0.3.0/24'], 'way'),
            way: allow(['127.0.1.0/24', '127.0.2.0/24', '127.0.4.0/24'], 'path'),
            path: ['path', { segment: '/admin', succ: 'admins', fail: 'server' }],
            admins: allow(['127.0.1.0/24'], 'server'),
            server,
          },
        },
        servers: ['server'],
      });
      for (const [from, path, status] of [
        ['127.0.1.1', '/admin', 200],
        ['127.0.2.1', '/admin', 403],
        ['127.0.2.1', '/', 200],
        ['127.0.3.1', '/', 403],
        ['127.0.4.1', '/', 403],
      ] as const)
        expect((await site.ask(`GET a.test${path}`, { from })).status, `${from} ${path}`).to.equal(status);
    });
  });

  /** Networks that may see everything, and one that may see some hosts only: the first that has the address decides. */
  describe('rules for all and for some', () => {
    const denied = (kind: string): Nodes[string] => [
      'respond',
      { status: 403, body: `your IP (\${peer}) is not allowed (${kind} deny)` },
    ];
    const app = (exits: Readonly<Record<string, string>>): Nodes => ({
      rules: ['include', { graph: 'ip-rules', next: 'server', exits }],
      server,
      explicit: denied('explicit'),
    });
    const ip = (network: string, succ: string, fail: string): Nodes[string] => [
      'ip',
      { networks: [network], of: 'peer', succ, fail },
    ];

    beforeEach(() =>
      site.open({
        graphs: {
          'ip-rules': {
            office: ip('127.0.1.0/24', 'all', 'vpn'),
            vpn: ip('127.0.2.0/24', 'all', 'partner'),
            partner: ip('127.0.3.0/24', 'as-partner', 'guest'),
            // Within the network before: what that says has been said.
            guest: ip('127.0.0.0/22', 'as-guest', 'nobody'),
            all: ['return', {}],
            'as-partner': ['return', { exit: 'partner' }],
            'as-guest': ['return', { exit: 'guest' }],
            nobody: denied('implicit'),
          },
        },
        domains: {
          'shop.test': app({ partner: 'server', guest: 'server' }),
          'wiki.test': app({ partner: 'explicit', guest: 'server' }),
          'books.test': app({ partner: 'server', guest: 'explicit' }),
        },
        servers: ['server'],
      }),
    );

    for (const [from, host, answer] of [
      ['127.0.1.9', 'books.test', null],
      ['127.0.2.9', 'books.test', null],
      ['127.0.3.9', 'shop.test', null],
      ['127.0.3.9', 'wiki.test', 'explicit'],
      ['127.0.3.9', 'books.test', null],
      ['127.0.0.9', 'wiki.test', null],
      ['127.0.0.9', 'books.test', 'explicit'],
      ['127.0.7.9', 'shop.test', 'implicit'],
    ] as const)
      it(`${from} at ${host}: ${answer === null ? 'let in' : `${answer} deny`}`, async () => {
        const { status, body } = await site.ask(`GET ${host}/`, { from, fields: { 'X-Forwarded-For': '127.0.1.9' } });
        if (answer === null) expect(status).to.equal(200);
        else expect([status, body]).to.deep.equal([403, `your IP (${from}) is not allowed (${answer} deny)`]);
      });
  });

  it('as the decision about such lists shows them', () => {
    const text = readFileSync(new URL('../../docs/decisions/0029-lists-stand-in-graphs.md', import.meta.url), 'utf8');
    const [, json = ''] = /```json\n([^]*?)\n```/.exec(text) ?? [];
    const { graphs, domains } = JSON.parse(json) as Record<string, Record<string, GraphDocument>>; // as it is shown
    for (const graph of [...Object.values(graphs ?? {}), ...Object.values(domains ?? {})])
      expect(compileGraph(graph, { rules, maxNodes: 100 }).problems).to.deep.equal([]);
    expect(Object.keys(domains ?? {})).to.have.length(2);
  });

  describe('what a proxy says of its client', () => {
    const graph: Nodes = {
      office: ['ip-filter', { allow: ['203.0.113.0/24'], next: 'server' }],
      server,
    };

    for (const [fields, address] of [
      [{ 'X-Forwarded-For': '203.0.113.9' }, '203.0.113.9'],
      [{ 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' }, '203.0.113.9'],
      [{ 'X-Forwarded-For': '203.0.113.9, 127.0.1.5' }, '203.0.113.9'],
      [{ 'X-Forwarded-For': '203.0.113.9, 198.51.100.1' }, '198.51.100.1'],
      [{ 'X-Real-IP': '203.0.113.9' }, '127.0.1.1'],
      [{}, '127.0.1.1'],
    ] as const)
      it(`${JSON.stringify(fields)} from a proxy that is trusted: ${address}, from any other: its own`, async () => {
        const trustedProxies = ['127.0.1.0/24'];
        await site.open(
          { domains: { 'a.test': graph, 'b.test': { server } }, servers: ['server'] },
          {},
          { trustedProxies },
        );
        const trusted = await site.ask('GET b.test/', { fields, from: '127.0.1.1' });
        expect(trusted.got?.fields['x-real-ip']).to.equal(address);
        const status = address.startsWith('203.0.113.') ? 200 : 403;
        expect((await site.ask('GET a.test/', { fields, from: '127.0.1.1' })).status).to.equal(status);
        const other = await site.ask('GET b.test/', { fields, from: '127.0.2.1' });
        expect([other.got?.fields['x-real-ip'], other.got?.fields['x-forwarded-for']]).to.deep.equal([
          '127.0.2.1',
          '127.0.2.1',
        ]);
        expect((await site.ask('GET a.test/', { fields, from: '127.0.2.1' })).status).to.equal(403);
      });

    it('goes on in X-Forwarded-For with the address of the proxy behind it', async () => {
      await site.open(
        { domains: { 'a.test': { server } }, servers: ['server'] },
        {},
        { trustedProxies: ['127.0.1.1'] },
      );
      const { got } = await site.ask('GET a.test/', {
        fields: { 'X-Forwarded-For': '203.0.113.9' },
        from: '127.0.1.1',
      });
      expect(got?.fields['x-forwarded-for']).to.equal('203.0.113.9, 127.0.1.1');
    });
  });
});
