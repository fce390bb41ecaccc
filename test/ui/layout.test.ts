import { expect } from 'chai';
import fc from 'fast-check';
import { layered } from '../../ui/layers.ts';
import type { Box } from '../../ui/layers.ts';
import { layout } from '../../ui/layout.ts';
import type { Layout } from '../../ui/layout.ts';

const GAPS = { column: 100, row: 20 };

/** Boxes from names and what they lead to: `{ a: ['b', 'c'] }`. */
function boxes(graph: Readonly<Record<string, readonly string[]>>): readonly Box[] {
  return Object.entries(graph).map(([name, targets]) => ({
    name,
    width: 150,
    height: 40 + targets.length * 10,
    ports: targets.map((to, i) => ({ edge: `e${i}`, to, y: 10 + i * 10 })),
  }));
}

/** Any graph, with cycles and edges that lead nowhere. */
const anyGraph = fc
  .uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 25 })
  .chain((nodes) =>
    fc.tuple(
      fc.constant(nodes),
      fc.array(fc.array(fc.integer({ min: 0, max: 31 }), { maxLength: 4 }), {
        minLength: nodes.length,
        maxLength: nodes.length,
      }),
    ),
  )
  .map(([nodes, targets]) =>
    Object.fromEntries(nodes.map((node, i) => [`n${node}`, (targets[i] ?? []).map((to) => `n${to}`)])),
  );

describe('layout of a graph', () => {
  it('puts a chain on one level', () => {
    const { places } = layout(boxes({ a: ['b'], b: ['c'], c: [] }), 'a', { column: 100, row: 20 });
    const centre = (name: string, height: number): number => (places.get(name)?.y ?? 0) + height;
    expect(['a', 'b', 'c'].map((name) => places.get(name)?.x)).to.deep.equal([0, 250, 500]);
    // An edge leaves its box at the port and enters the next one in the middle.
    expect(centre('a', 10)).to.be.closeTo(centre('b', 25), 0.5);
    expect(centre('b', 10)).to.be.closeTo(centre('c', 20), 0.5);
  });

  it('has no crossing where none is needed', () => {
    const graph = {
      a: ['x', 'y', 'z'],
      x: ['x1', 'x2'],
      y: ['y1'],
      z: ['z1', 'z2'],
      z2: [],
      y1: [],
      x2: [],
      z1: [],
      x1: [],
    };
    const { places } = layout(boxes(graph), 'a', GAPS);
    const order = ['x1', 'x2', 'y1', 'z1', 'z2'].toSorted((a, b) => (places.get(a)?.y ?? 0) - (places.get(b)?.y ?? 0));
    expect(order).to.deep.equal(['x1', 'x2', 'y1', 'z1', 'z2']);
  });

  it('leads long edges around boxes', () => {
    const result = layout(boxes({ a: ['b', 'd'], b: ['c'], c: ['d'], d: [] }), 'a', GAPS);
    const long = result.routes.find(({ from, to }) => from === 'a' && to === 'd');
    expect(long?.points).to.have.length(2 + 2 * 2);
    const box = result.places.get('b') ?? { x: 0, y: 0 };
    const there = long?.points.filter(({ x }) => x >= box.x && x <= box.x + 150) ?? [];
    for (const { y } of there) expect(y < box.y || y > box.y + 50).to.equal(true);
  });

  it('draws edges that close a cycle around', () => {
    const { routes } = layout(boxes({ a: ['b'], b: ['a', 'b'] }), 'a', GAPS);
    expect(routes.filter(({ back }) => back).map(({ from, to }) => from + to)).to.have.members(['ba', 'bb']);
  });

  it('stands boxes that nothing leads to before what they lead to', () => {
    const { layers } = layered(boxes({ a: ['b'], b: ['c'], c: [], lost: ['c'] }), 'a');
    expect(Object.fromEntries([...layers].map(([{ name }, layer]) => [name, layer]))).to.deep.equal({
      a: 0,
      b: 1,
      c: 2,
      lost: 1,
    });
  });

  it('overlaps nothing, leads every edge to the right, and is the same each time', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const all = boxes(graph);
        const result = layout(all, all[0]?.name ?? null, GAPS);
        const there = new Set(all.map(({ name }) => name));
        const edges = all.flatMap(({ ports }) => ports.filter(({ to }) => there.has(to)));
        expect(result.routes).to.have.length(edges.length);
        expect(overlaps(all, result)).to.deep.equal([]);
        for (const { back, points } of result.routes) {
          if (back) continue;
          const xs = points.map(({ x }) => x);
          expect(xs).to.deep.equal(xs.toSorted((a, b) => a - b));
        }
        expect(layout(all, all[0]?.name ?? null, GAPS)).to.deep.equal(result);
      }),
      { numRuns: 200 },
    );
  });

  it('is done with thousands of nodes, however deep', () => {
    const chain = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`n${i}`, [`n${i + 1}`, `n${i + 2}`]]));
    expect(layout(boxes({ ...chain, n4000: [] }), 'n0', GAPS).places.size).to.equal(4001);
  });
});

function overlaps(all: readonly Box[], { places }: Layout): readonly string[] {
  return all.flatMap((a, i) =>
    all.slice(i + 1).flatMap((b) => {
      const [p, q] = [places.get(a.name), places.get(b.name)];
      if (p === undefined || q === undefined) return [`${a.name} or ${b.name} has no place`];
      const apart =
        p.x + a.width <= q.x || q.x + b.width <= p.x || p.y + a.height <= q.y + 1e-6 || q.y + b.height <= p.y + 1e-6;
      return apart ? [] : [`${a.name} ${b.name}`];
    }),
  );
}
