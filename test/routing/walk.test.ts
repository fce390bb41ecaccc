import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { missingEdge, type Graph } from '../../lib/routing/graph.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { Node } from '../../lib/routing/rule.ts';
import { walk } from '../../lib/routing/walk.ts';
import { TestRequest } from './test-request.ts';

const last: Node = {
  name: 'last',
  decide(request, plan) {
    plan.upstream = request.path;
    return null;
  },
};
const rewrite = (path: string, next: Node): Node => ({
  name: 'rewrite',
  decide(_request, plan) {
    plan.path = path;
    return next;
  },
});
const waiting = (next: Node): Node => ({ name: 'waiting', decide: async () => next });

describe('walk', () => {
  it('ends at once where no node waits', () => {
    const { plan, pending } = walkFrom(rewrite('/x', last));
    expect(pending).to.equal(undefined);
    expect(plan.upstream).to.equal('/x');
  });

  it('answers 403 behind a missing edge', () => {
    const { plan, pending } = walkFrom(rewrite('/x', missingEdge));
    expect(pending).to.equal(undefined);
    expect([plan.upstream, plan.fault]).to.deep.equal([null, Fault.FORBIDDEN]);
  });

  const chains: readonly (readonly [title: string, init: Node])[] = [
    ['first', waiting(rewrite('/x', last))],
    ['in the middle', rewrite('/y', waiting(rewrite('/x', last)))],
    ['twice', rewrite('/y', waiting(rewrite('/x', waiting(last))))],
  ];
  for (const [title, init] of chains) {
    it(`waits for a node that waits: ${title}`, async () => {
      const { plan, pending } = walkFrom(init);
      expect(pending).to.be.instanceOf(Promise);
      expect(plan.upstream).to.equal(null);
      await pending;
      expect(plan.upstream).to.equal('/x');
    });
  }

  it('ends with null from a promise', async () => {
    const { plan, pending } = walkFrom({ name: 'ends', decide: async () => null });
    await pending;
    expect(plan.upstream).to.equal(null);
  });

  it('is rejected with what a node throws after it waited', async () => {
    const failing: Node = {
      name: 'failing',
      decide() {
        throw new Error('oh');
      },
    };
    const { pending } = walkFrom(waiting(failing));
    const reason: unknown = await pending?.then(
      () => null,
      (error: unknown) => error,
    );
    expect(reason).to.be.instanceOf(Error).with.property('message', 'oh');
  });
});

function walkFrom(init: Node): { plan: Plan; pending: Promise<void> | undefined } {
  const graph: Graph = { init, edges: [], holding: null };
  const plan = new Plan();
  const pending = walk(graph, new TestRequest(plan, {}), plan);
  return { plan, pending: pending instanceof Promise ? pending : undefined };
}
