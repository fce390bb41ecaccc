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
});
