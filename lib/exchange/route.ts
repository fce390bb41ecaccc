import type { Graph } from '../routing/graph.ts';
import { Plan, type WalkedNode } from '../routing/plan.ts';
import type { Node } from '../routing/rule.ts';
import { walk } from '../routing/walk.ts';
import type { RoutedHead } from './routed-head.ts';

/** Who wants a request routed. One of these is told, once, unless the route is reset before. */
export interface RouteOwner {
  /** The walk is over, and the plan says what happens. `isLate`: the request has waited for a node. */
  onRouted(request: RoutedHead, isLate: boolean): void;
  /** A node has failed. */
  onUnroutable(): void;
}

/** The way of one request through its domain's graph, and the plan that comes of it. Used again for the next request. */
export class Route {
  plan = new Plan();
  readonly #owner: RouteOwner;
  readonly #trace: WalkedNode[] | null;
  /** Grows with every reset, so that a walk for an earlier request tells nobody. */
  #generation = 0;
  /** The plan is somebody else's. */
  #isLent = false;
  /** The request that waits for a node, if one does. */
  #waiting: RoutedHead | null = null;

  /** `trace`: gets the nodes that are walked; null where nobody wants them. */
  constructor(owner: RouteOwner, trace: WalkedNode[] | null) {
    this.#owner = owner;
    this.#trace = trace;
    this.plan.trace = trace;
  }

  walk(graph: Graph, request: RoutedHead): void {
    let pending;
    try {
      pending = walk(graph, request, this.plan);
    } catch {
      this.#owner.onUnroutable();
      return;
    }
    if (pending === undefined) this.#owner.onRouted(request, false);
    else this.#await(pending, request);
  }

  /** As `walk`, from a node, with a plan that is not the route's own. */
  walkInside(to: Node, request: RoutedHead): void {
    this.plan = request.plan;
    this.#isLent = true;
    this.walk({ init: to, edges: [], holding: null }, request);
  }

  /** Ready for the next request. A walk that still waits goes on alone and writes into the plan that it was given. */
  reset(): void {
    this.#generation++;
    if (this.#waiting !== null) {
      this.#waiting.source = null;
      this.#waiting = null;
      this.plan.abandon();
      this.plan = new Plan();
      this.plan.trace = this.#trace;
    } else if (this.#isLent) {
      this.plan = new Plan();
      this.plan.trace = this.#trace;
    } else this.plan.reset();
    this.#isLent = false;
  }

  /** A node waits: the head leaves the shared buffer. */
  #await(pending: Promise<void>, request: RoutedHead): void {
    const generation = this.#generation;
    this.#waiting = request;
    request.own();
    pending.then(
      () => {
        if (this.#ends(generation)) this.#owner.onRouted(request, true);
      },
      () => {
        if (this.#ends(generation)) this.#owner.onUnroutable();
      },
    );
  }

  /** The walk that began in `generation` is over: whether its request is still there. */
  #ends(generation: number): boolean {
    if (generation !== this.#generation) return false;
    this.#waiting = null;
    return true;
  }
}
