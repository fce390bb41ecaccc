import { expect } from 'chai';
import { graphShape } from '../../api/graph-shape.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { rules } from '../../rules/index.ts';

const backend = { init: 'r', rules: { r: { type: 'backend', args: { servername: 'up' } } } };

describe('what the admin page asks', () => {
  let elb: Elb;

  before(async () => {
    const domains = { 'b.test': backend, 'a.test': backend, 'shop.test': backend };
    elb = await startElb({ file: { domains, upstreams: { up: { '10.0.0.1:80': 'weight=2' } } } });
  });

  after(() => elb.stop());

  const rows: readonly (readonly [call: string, status: number, body: unknown])[] = [
    ['names?kind=domain', 200, { names: ['a.test', 'b.test', 'shop.test'], found: 3, total: 3 }],
    ['names?kind=domain&limit=1&after=a.test', 200, { names: ['b.test'], found: 3, total: 3 }],
    ['names?kind=domain&after=zzz', 200, { names: [], found: 3, total: 3 }],
    ['names?kind=domain&search=SHOP', 200, { names: ['shop.test'], found: 1, total: 3 }],
    ['names?kind=upstream', 200, { names: ['up'], found: 1, total: 1 }],
    ['names?kind=options', 200, { names: [], found: 0, total: 0 }],
    ['item?kind=upstream&name=up', 200, { kind: 'upstream', name: 'up', document: { '10.0.0.1:80': 'weight=2' } }],
    [
      'item?kind=domain&name=a.test',
      200,
      { kind: 'domain', name: 'a.test', document: backend, graph: graphShape(backend, rules) },
    ],
  ];
  for (const [call, status, body] of rows) {
    it(`GET ${call}`, async () => {
      const answer = await elb.admin('GET', call);
      expect([answer.status, answer.json()]).to.deep.equal([status, body]);
    });
  }

  for (const [call, status] of [
    ['names', 400],
    ['names?kind=cert', 400],
    ['names?kind=domain&limit=0', 400],
    ['item?kind=domain&name=nope', 404],
    ['item?kind=upstream&name=__proto__', 404],
    ['edges', 400],
  ] as const) {
    it(`GET ${call} is ${status}`, async () => expect((await elb.admin('GET', call)).status).to.equal(status));
  }

  it('tells the entity tag by which an item is changed', async () => {
    const { headers } = await elb.admin('GET', 'item?kind=domain&name=a.test');
    const change = (tag: string): Promise<{ status: number }> =>
      elb.admin('PUT', 'domain', { 'a.test': backend }, { 'if-match': tag });
    expect((await change('"other"')).status).to.equal(409);
    expect((await change(String(headers.etag))).status).to.equal(200);
  });

  it('counts the edges that were walked up to now', async () => {
    await elb.admin('PUT', 'domain', {
      'edge.test': { init: 'r', rules: { r: { type: 'path', args: { pattern: '/x' } } } },
    });
    for (const path of ['/x', '/y', '/z']) await elb.get(path, { host: 'edge.test' });
    const { edges } = (await elb.admin('GET', 'edges?domain=edge.test')).json() as { edges: unknown[] };
    expect(edges).to.have.deep.members([
      { node: '', edge: '', hits: 3 },
      { node: 'r', edge: 'succ', hits: 1 },
      { node: 'r', edge: 'fail', hits: 2 },
    ]);
    expect((await elb.admin('GET', 'edges?domain=nope')).json()).to.deep.include({ edges: [] });
  });

  it('tells a part of long lists, and how long they are', async () => {
    await elb.admin('PUT', 'upstream', { u1: {}, u2: {}, u3: {} });
    const { overlays } = (await elb.admin('GET', 'status')).json() as { overlays: unknown[] };
    const limited = (await elb.admin('GET', 'status?limit=1')).json();
    expect(limited)
      .to.deep.include({ overlays: overlays.slice(0, 1) })
      .and.have.nested.property('cut.overlays', overlays.length);
    expect(overlays.length).to.be.above(1);
  });

  describe('the shape of a document', () => {
    const shapes: readonly (readonly [what: string, document: unknown, shape: unknown])[] = [
      ['that is none', null, { init: null, nodes: [] }],
      ['that is a list', [], { init: null, nodes: [] }],
      ['without nodes', { init: 'a', rules: 5 }, { init: 'a', nodes: [] }],
      [
        'with nodes that are none',
        { rules: { a: null, b: { type: 5 }, c: { type: 'nope', args: {} } } },
        {
          init: null,
          nodes: [
            { name: 'a', type: '', edges: [] },
            { name: 'b', type: '', edges: [] },
            { name: 'c', type: 'nope', edges: [] },
          ],
        },
      ],
      [
        'with edges that are left out or lead nowhere',
        { init: 'a', rules: { a: { type: 'path', args: { pattern: '(', succ: 'x', fail: null } } } },
        {
          init: 'a',
          nodes: [
            {
              name: 'a',
              type: 'path',
              edges: [
                { edge: 'succ', to: 'x' },
                { edge: 'fail', to: null },
              ],
            },
          ],
        },
      ],
      [
        'with cases',
        {
          init: 'a',
          rules: { a: { type: 'switch', args: { on: 'path', cases: [{ prefix: '/', to: 'b' }], default: 'c' } } },
        },
        {
          init: 'a',
          nodes: [
            {
              name: 'a',
              type: 'switch',
              edges: [
                { edge: 'cases/0/to', to: 'b' },
                { edge: 'default', to: 'c' },
              ],
            },
          ],
        },
      ],
    ];
    for (const [what, document, shape] of shapes) {
      it(what, async () => {
        expect((await elb.admin('POST', 'graph', document)).json()).to.deep.equal(shape);
      });
    }
  });
});
