import { expect } from 'chai';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import { Domain, type GraphWorld } from '../../lib/routing/domain.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { defineRule } from '../../lib/routing/rule.ts';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { States } from '../../lib/routing/states.ts';
import { walk } from '../../lib/routing/walk.ts';
import { TestRequest } from './test-request.ts';

/** A state that tells when it is closed. */
class Counter {
  count = 0;
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

describe('States', () => {
  it('gives holders of one kind and key the same state, and closes it with the last', () => {
    const states = new States();
    const [one, other] = [states.holding('a'), states.holding('b')];
    const state = one.take('k', 'shared', 'n', () => new Counter());
    expect(other.take('k', 'shared', 'm', () => new Counter())).to.equal(state);
    expect(one.take('k', 'shared', 'o', () => new Counter())).to.equal(state);
    expect(one.take('l', 'shared', 'n', () => new Counter())).to.not.equal(state);
    one.release();
    one.release();
    expect([state.isClosed, states.size]).to.deep.equal([false, 1]);
    other.release();
    expect([state.isClosed, states.size]).to.deep.equal([true, 0]);
  });

  it('keeps states without a key apart by graph and node, whatever their names are', () => {
    const states = new States();
    const make = (): Counter => new Counter();
    const all = [
      states.holding('a').take('k', null, 'b', make),
      states.holding('a","b').take('k', null, '', make),
      states.holding('a').take('k', null, 'c', make),
      states.holding('b').take('k', null, 'b', make),
      states.holding('a').take('k', 'a', 'b', make),
    ];
    expect(new Set(all).size).to.equal(all.length);
  });

  it('counts nothing for a graph that is let go already', () => {
    const states = new States();
    const holding = states.holding('a');
    holding.release();
    holding.take('k', null, 'n', () => new Counter());
    expect(states.size).to.equal(0);
  });
});

describe('states of nodes', () => {
  const counting = defineRule<{ key?: string }>({
    type: 'count',
    summary: 'Counts.',
    args: { properties: { key: { type: 'string' } } },
    edges: ['next'],
    compile({ key }, { state, edge }) {
      edge('next');
      const counter = state('count', key ?? null, () => new Counter());
      return (_request, plan) => {
        plan.fault = -++counter.count;
        return null;
      };
    },
  });

  const document = (...nodes: readonly { readonly key?: string; readonly next?: string }[]): string =>
    JSON.stringify({
      init: 'n0',
      rules: Object.fromEntries(nodes.map((args, i) => [`n${i}`, { type: 'count', args }])),
    });

  function domain(world: GraphWorld, name: string, text: string, before: Domain | null = null): Domain {
    const made = new Domain(name, text, world);
    made.succeed(before);
    return made;
  }

  function count({ graph }: Domain): number {
    const plan = new Plan();
    if (graph !== null) void walk(graph, new TestRequest(plan, {}), plan);
    return -plan.fault;
  }

  function newWorld(): GraphWorld & { readonly states: States } {
    return {
      rules: new Map([['count', counting]]),
      means: IDLE_MEANS,
      states: new States(),
      young: new YoungCollector(),
    };
  }

  it('outlive their document where the next one has the node, and go where it has not', () => {
    const here = newWorld();
    const first = domain(here, 'a.test', document({ next: 'n1' }, {}));
    expect([count(first), count(first)]).to.deep.equal([1, 2]);
    const second = domain(here, 'a.test', document({}), first);
    expect(count(second)).to.equal(3);
    expect(here.states.size).to.equal(1);
    second.close();
    expect(here.states.size).to.equal(0);
  });

  it('are found by the nodes of a large graph, none of which has been walked', () => {
    const here = newWorld();
    const first = domain(here, 'a.test', document({ key: 'x' }));
    count(first);
    const nodes = Array.from({ length: 100 }, (_, i) => (i === 99 ? { key: 'x' } : { next: `n${i + 1}` }));
    const second = domain(here, 'a.test', document(...nodes), first);
    expect(here.states.size).to.equal(100);
    second.close();
    expect(here.states.size).to.equal(0);
  });

  it('are shared by key over domains', () => {
    const here = newWorld();
    const [a, b] = [domain(here, 'a.test', document({ key: 'k' })), domain(here, 'b.test', document({ key: 'k' }))];
    expect([count(a), count(b), count(a)]).to.deep.equal([1, 2, 3]);
    a.close();
    expect(count(b)).to.equal(4);
    b.close();
    expect(here.states.size).to.equal(0);
  });

  it('do not leak over a thousand changes', () => {
    const here = newWorld();
    let before: Domain | null = null;
    for (let i = 0; i < 1000; i++) {
      before = domain(here, 'a.test', document({ key: `k${i}`, next: 'n1' }, {}), before);
      count(before);
      expect(here.states.size).to.equal(2);
    }
  });
});
