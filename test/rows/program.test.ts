import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { graphOf, type Nodes } from '../fixtures/site.ts';
import { until } from '../fixtures/until.ts';

/** What graphs are to an operator, with the whole program on a real etcd. */
describe('graphs in the program', () => {
  let etcd: EtcdProcess;
  let elb: Elb;

  before(async () => {
    etcd = await startEtcd();
    elb = await startElb({ env: { ETCD: etcd.endpoint, ELB_WORKERS: '2' } });
  });

  after(async () => {
    await elb.stop();
    await etcd.stop();
  });

  /** Writes a graph to the store, and waits until it is in force in every worker. */
  const put = async (kind: 'rules' | 'graphs', name: string, nodes: Nodes): Promise<void> => {
    const said = await etcd.ctl('put', `/ELB/${kind}/${name}`, JSON.stringify(graphOf(nodes)), '-w', 'json');
    const [, revision = ''] = /"revision":\s*(\d+)/i.exec(said) ?? [];
    expect((await elb.admin('PUT', `wait?revision=${revision}`)).status).to.equal(200);
  };

  const login = (pair: string) => ({ host: 'a.test', authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

  it('users in the store are a shared graph: one key for many domains, in force when it is written', async () => {
    const hashOf = (user: string, password: string): string =>
      execFileSync('htpasswd', ['-nbB', '-C', '4', user, password])
        .toString()
        .trim()
        .slice(user.length + 1);
    const users = (hashes: Record<string, string>): Nodes => ({
      users: ['basic', { users: hashes, fields: { 'X-User': 'user' }, next: 'in' }],
      in: ['return', {}],
    });
    const site: Nodes = {
      login: ['include', { graph: 'staff', next: 'page' }],
      page: ['respond', { body: 'in' }],
    };
    const ann = hashOf('ann', 'sesame');
    await put('graphs', 'staff', users({ ann }));
    await put('rules', 'a.test', site);
    await put('rules', 'b.test', site);
    for (const host of ['a.test', 'b.test']) {
      expect((await elb.get('/', { ...login('ann:sesame'), host })).text).to.equal('in');
      expect((await elb.get('/', { ...login('bob:sesame'), host })).status).to.equal(401);
    }
    await put('graphs', 'staff', users({ bob: hashOf('bob', 'sesame') }));
    for (const host of ['a.test', 'b.test']) {
      expect((await elb.get('/', { ...login('ann:sesame'), host })).status).to.equal(401);
      expect((await elb.get('/', { ...login('bob:sesame'), host })).text).to.equal('in');
    }
  });

  it('what is known of clients by a key is a list in a shared graph, in force when it is written', async () => {
    const plans = (plan: string): Nodes => ({
      plans: [
        'lookup',
        {
          on: { header: 'X-Account' },
          values: { ann: { plan } },
          fields: { 'X-Plan': 'plan' },
          next: 'back',
          missing: 'back',
        },
      ],
      back: ['return', {}],
    });
    await put('graphs', 'plans', plans('gold'));
    await put('rules', 'c.test', {
      plans: ['include', { graph: 'plans', next: 'plan' }],
      plan: ['respond', { body: '${header.X-Plan|none}' }],
    });
    const plan = async (account: string): Promise<string> =>
      (await elb.get('/', { host: 'c.test', 'x-account': account, 'x-plan': 'platinum' })).text;
    expect([await plan('ann'), await plan('bob')]).to.deep.equal(['gold', 'none']);
    await put('graphs', 'plans', plans('silver'));
    expect(await plan('ann')).to.equal('silver');
  });

  it('a document without what it needs, or with too much, is refused, with all that is wrong, and changes nothing', async () => {
    const page = { type: 'respond', args: { body: 'was here' } };
    expect((await elb.admin('PUT', 'domain', { 'd.test': { init: 'a', rules: { a: page } } })).status).to.equal(200);
    for (const [document, at] of [
      [{ rules: { a: page } }, ['/d.test/init']],
      [{ init: 'a' }, ['/d.test/rules']],
      [{ init: 'b', rules: { a: page } }, ['/d.test/init']],
      [{ init: 'a', rules: { a: { type: 'respond', args: { boddy: 'x' } } } }, ['/d.test/rules/a/args/boddy']],
      [{ init: 'a', rules: { a: { type: 'respnod', args: {} } } }, ['/d.test/rules/a/type']],
      [
        { init: 'a', rules: { a: { type: 'path', args: { pattern: 1, succ: 'x' } }, b: { type: 'respond' } } },
        ['/d.test/rules/a/args/pattern', '/d.test/rules/b/args'],
      ],
    ] as const) {
      const answer = await elb.admin('PUT', 'domain', { 'd.test': document });
      expect(answer.status, answer.text).to.equal(400);
      const { problems } = answer.json() as { problems: readonly { at: string }[] };
      expect(problems.map((problem) => problem.at)).to.include.members([...at]);
    }
    const twice = await elb.admin(
      'PUT',
      'domain',
      '{"d.test":{"init":"a","rules":{"a":{"type":"close","args":{}},"a":{"type":"close","args":{}}}}}',
    );
    expect([twice.status, (twice.json() as { problems: object[] }).problems[0]]).to.deep.equal([
      400,
      { at: '/d.test/rules/a', msg: 'bad JSON: a name occurs twice' },
    ]);
    expect((await elb.get('/', { host: 'd.test' })).text).to.equal('was here');
  });

  it('each node tells how often it was come to, and by which edge', async () => {
    await put('rules', 'e.test', {
      path: ['path', { pattern: '/api', succ: 'api', fail: 'web' }],
      api: ['respond', { body: 'api' }],
      web: ['respond', { body: 'web' }],
    });
    for (const path of ['/api/1', '/api/2', '/']) await elb.get(path, { host: 'e.test' });
    const counted = async (): Promise<readonly (string | undefined)[]> => {
      const { text } = await elb.admin('GET', 'metrics');
      const lines = text.split('\n').filter((line) => line.startsWith('elb_edge_hits') && line.includes('"e.test"'));
      return ['succ', 'fail'].map((edge) =>
        lines
          .find((line) => line.includes(`"${edge}"`))
          ?.split(' ')
          .at(-1),
      );
    };
    await until('all of them are counted', async () => String(await counted()) === '2,1');
  });

  it('an explanation goes through nodes that wait for a body, a program or a login, and asks nobody', async () => {
    const nobody = 'http://127.0.0.1:1/';
    const secret = 'a secret of the tests, 32 characters';
    const waiting: Nodes = {
      validate: ['validate', { json: { type: 'object' }, next: 'json' }],
      json: ['request-json', { set: { a: 1 }, next: 'signature' }],
      signature: ['signature', { form: 'body', header: 'X-S', access_keys: { a: 'b' }, next: 'remote' }],
      remote: ['remote', { url: nobody, body: true, next: 'auth' }],
      auth: ['forward-auth', { url: nobody, next: 'introspect' }],
      introspect: ['introspect', { url: nobody, next: 'sso' }],
      sso: ['sso', { login: nobody, origin: 'https://f.test', audience: 'a', next: 'oidc' }],
      oidc: ['oidc', { issuer: nobody, client_id: 'a', cookie_secret: secret, origin: 'https://f.test', next: 'end' }],
      end: ['respond', { body: 'here' }],
    };
    await put('rules', 'f.test', waiting);
    const fields = `header=X-S:${'a'.repeat(64)}&header=Authorization:${encodeURIComponent('Bearer t')}`;
    const { nodes, decision } = (await elb.admin('GET', `explain?url=http://f.test/&method=POST&${fields}`)).json() as {
      nodes: readonly { node: string }[];
      decision: { kind: string; status: number };
    };
    expect(nodes.map(({ node }) => node)).to.deep.equal(Object.keys(waiting));
    expect(decision).to.include({ kind: 'answer', status: 200 });
  });

  it('a port of a server is what its document says, also 80 and 443', async () => {
    const servers = { '127.0.0.9:443': '', '127.0.0.9:80': '' };
    expect((await elb.admin('PUT', 'upstream', { ports: servers })).status).to.equal(200);
    const { ports } = (await elb.admin('GET', 'upstream')).json() as { ports: readonly { addr: string }[] };
    expect(ports.map(({ addr }) => addr).toSorted()).to.deep.equal(['127.0.0.9:443', '127.0.0.9:80']);
  });
});
