import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';

const respond = (body: string): object => ({ type: 'respond', args: { body } });
const front = (graph: string): object => ({
  init: 'check',
  rules: {
    check: { type: 'include', args: { graph, next: 'in', exits: { out: 'out' } } },
    in: respond('in'),
    out: respond('out'),
  },
});
const gate = (path: string): object => ({
  init: 'path',
  rules: {
    path: { type: 'path', args: { segment: path, succ: 'in', fail: 'out' } },
    in: { type: 'return', args: {} },
    out: { type: 'return', args: { exit: 'out' } },
  },
});

describe('shared graphs', () => {
  let elb: Elb;

  before(async () => {
    elb = await startElb({
      file: {
        domains: {
          'a.test': front('gate'),
          'b.test': front('gate'),
          'c.test': { init: 'n', rules: { n: { type: 'goto', args: { domain: 'a.test' } } } },
        },
        graphs: { gate: gate('/in') },
      },
    });
  });

  after(() => elb.stop());

  const ask = async (host: string, path: string): Promise<string> => (await elb.get(path, { host })).text;

  it('are read from the file, and walked by all who include them or lead to those', async () => {
    for (const host of ['a.test', 'b.test', 'c.test'])
      expect([await ask(host, '/in/x'), await ask(host, '/x')], host).to.deep.equal(['in', 'out']);
  });

  it('are told with the edges by which requests came into them and left them', async () => {
    await ask('b.test', '/in/x');
    const told = await elb.admin('GET', 'requests?domain=b.test&limit=1');
    const { requests } = told.json() as { requests: { nodes: { node: string; verdict: string | null }[] }[] }; // the shape of the admin API
    expect(requests[0]?.nodes.map(({ node, verdict }) => [node, verdict])).to.deep.equal([
      ['check', null],
      ['path', 'succ'],
      ['in', 'next'],
      ['in', null],
    ]);
  });

  it('change at once for all, by one call, and are written back by a dump', async () => {
    expect((await elb.admin('PUT', 'graph', { gate: gate('/new') })).status).to.equal(200);
    for (const host of ['a.test', 'b.test', 'c.test'])
      expect([await ask(host, '/in/x'), await ask(host, '/new')], host).to.deep.equal(['out', 'in']);
    expect((await elb.admin('GET', 'graph')).json()).to.deep.equal({ gate: gate('/new') });
    expect((await elb.admin('PUT', 'dump')).status).to.equal(200);
    expect(readFileSync(elb.file, 'utf8')).to.include('/new');
  });

  it('are refused where they would lead in a circle, and nothing is changed', async () => {
    const circle = { init: 'n', rules: { n: { type: 'goto', args: { domain: 'c.test' } } } };
    const answer = await elb.admin('PUT', 'graph', { gate: circle });
    expect([answer.status, answer.text]).to.deep.equal([
      400,
      '{"msg":"bad document","problems":[{"at":"/gate","msg":"closes a circle of graphs: graph/gate -> domain/c.test -> domain/a.test -> graph/gate"}]}\n',
    ]);
    expect(await ask('a.test', '/new')).to.equal('in');
  });

  it('are missed by those who need them, and there again', async () => {
    expect((await elb.admin('DELETE', 'graph', ['gate', 'nope'])).json()).to.deep.equal({ gate: true, nope: 404 });
    expect((await elb.get('/new', { host: 'a.test' })).status).to.equal(500);
    await elb.admin('PUT', 'graph', { gate: gate('/again') });
    expect(await ask('c.test', '/again')).to.equal('in');
  });

  it('that are not there yet hold those back that need them, whose former version works, and all heal by themselves', async () => {
    const status = async (): Promise<{ waiting: readonly object[]; dangling: readonly object[] }> =>
      (await elb.admin('GET', 'status')).json() as { waiting: readonly object[]; dangling: readonly object[] };
    const answers = async (): Promise<readonly string[]> => [await ask('a.test', '/again'), await ask('b.test', '/x')];
    expect(await answers()).to.deep.equal(['in', 'out']);
    // A domain that needs a graph, and a graph that needs an upstream and another graph.
    await elb.admin('PUT', 'domain', { 'a.test': front('later') });
    const needy = {
      init: 'first',
      rules: {
        first: { type: 'include', args: { graph: 'second', next: 'up' } },
        up: { type: 'backend', args: { servername: 'none' } },
      },
    };
    await elb.admin('PUT', 'graph', { gate: needy });
    expect(await answers()).to.deep.equal(['in', 'out']);
    const { waiting } = await status();
    expect(JSON.stringify(waiting)).to.include('graph/later').and.include('graph/second').and.include('"none"');
    await elb.admin('PUT', 'graph', { later: gate('/x'), second: gate('/') });
    expect(await answers()).to.deep.equal(['out', 'out']);
    await elb.admin('PUT', 'upstream', { none: { '127.0.0.1:9': '' } });
    expect((await elb.get('/x', { host: 'b.test' })).status).to.equal(502);
    expect((await status()).waiting).to.deep.equal([]);
    // What is deleted all the same is told of: by graph and by upstream.
    await elb.admin('DELETE', 'graph', ['later']);
    await elb.admin('DELETE', 'upstream', ['none']);
    expect((await elb.get('/x', { host: 'a.test' })).status).to.equal(500);
    const { dangling } = await status();
    expect(JSON.stringify(dangling)).to.include('graph/later').and.include('"none"');
    await elb.admin('PUT', 'graph', { later: gate('/again') });
    expect(await ask('a.test', '/again')).to.equal('in');
  });
});
