import { expect } from 'chai';
import type { Explanation } from '../../lib/core/explanation.ts';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { answering } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';

const graph: GraphDocument = {
  init: 'named',
  rules: {
    named: { type: 'request-headers', args: { set: { 'X-From': 'front' }, next: 'all' } },
    all: {
      type: 'aggregate',
      args: {
        merge: 'object',
        routes: [
          { name: 'user', path: '/users/1', method: 'PUT', headers: { 'X-Part': 'u' }, to: 'cut' },
          { name: 'more', path: '/more', to: 'inner' },
          { name: 'gone', to: 'gone' },
        ],
      },
    },
    cut: { type: 'rewrite', args: { strip_prefix: '/users', next: 'users' } },
    users: { type: 'backend', args: { servername: 'users' } },
    inner: { type: 'aggregate', args: { routes: [{ to: 'users' }, { to: null }] } },
    gone: { type: 'backend', args: { servername: 'none' } },
  },
};

describe('explain of a request that others are made of', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  async function explain(document: GraphDocument) {
    const server = await rig.serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
    const plane = await rig.plane({ domains: { 'a.test': document }, upstreams: { users: [server.port] } });
    const head = 'POST /x?y=1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n';
    const request = { head, stream: null, client: '127.0.0.1', secure: false };
    // It was asked to explain.
    return { told: (await plane.plane.answer({ kind: 'explain', request })) as Explanation, server };
  }

  it('tells the way of each, and of those in turn, and asks no server', async () => {
    const { told, server } = await explain(graph);
    expect(told.nodes.map(({ node }) => node)).to.deep.equal(['named', 'all']);
    expect(told.decision).to.include({ kind: 'answer', text: 'the graph answers with the replies of 3 routes' });
    const ways = told.routes.map(({ edge, explanation }) => [
      edge,
      explanation.nodes.map(({ node, verdict }) => `${node} ${verdict ?? ''}`.trim()),
      explanation.decision.kind,
    ]);
    expect(ways).to.deep.equal([
      ['routes/0/to', ['cut next', 'users'], 'forward'],
      ['routes/1/to', ['inner'], 'answer'],
      ['routes/2/to', ['gone'], 'fault'],
    ]);
    const user = told.routes[0]?.explanation;
    expect(user?.request).to.deep.include({ method: 'PUT', head: '' });
    expect(user?.server).to.equal(`127.0.0.1:${server.port}`);
    expect(user?.head)
      .to.match(/^PUT \/1\?y=1 HTTP\/1.1\r\n/)
      .and.to.include('\r\nX-From: front\r\n')
      .and.to.include('\r\nX-Part: u\r\n');
    const inner = told.routes[1]?.explanation.routes.map(({ explanation }) => explanation.decision.kind);
    expect(inner).to.deep.equal(['forward', 'fault']);
    expect(server.connections).to.have.length(0);
  });

  it('tells of no more than 64 of them', async () => {
    const many = Array.from({ length: 32 }, () => ({ to: 'more' }));
    const { told } = await explain({
      init: 'all',
      rules: {
        all: { type: 'aggregate', args: { routes: many } },
        more: { type: 'aggregate', args: { routes: many.map(() => ({ to: 'end' })) } },
        end: { type: 'respond', args: {} },
      },
    });
    const count = (one: Explanation): number =>
      one.routes.reduce((sum, route) => sum + 1 + count(route.explanation), 0);
    expect(count(told)).to.equal(64);
  });
});
