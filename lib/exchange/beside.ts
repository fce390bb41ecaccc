import { PolicyEdit } from '../core/policy-edit.ts';
import type { MirrorTerms } from '../routing/mirror.ts';
import type { Plan } from '../routing/plan.ts';
import type { BranchBounds, BranchReply, Node } from '../routing/rule.ts';
import type { Context } from './context.ts';
import { InnerClient, type Principal } from './inner-client.ts';
import { RoutedHead } from './routed-head.ts';

/** On whose behalf, and what is said about that one to servers. */
export interface Asker {
  readonly client: Principal;
  /** Whole field lines. */
  readonly about: string;
}

/** Walks on from a node for a request of our own, with a plan of its own, and delivers it; resolves with the reply, status 0 without one. */
export function branch(
  context: Context,
  request: RoutedHead,
  { to, plan, asker, bounds }: { to: Node; plan: Plan; asker: Asker; bounds: BranchBounds },
): Promise<BranchReply> {
  const { promise, resolve } = Promise.withResolvers<BranchReply>();
  const client = new InnerClient(context.shared.wheel, asker.client, bounds, resolve);
  request.own();
  const own = new RoutedHead(request.head, request.target, plan);
  const exchange = context.lendExchange();
  client.servedBy(exchange);
  exchange.beginInside(client, own, { to, about: asker.about, clientAddress: request.clientAddress });
  return promise;
}

/** Sends a copy of a request with this body to another upstream; what comes of it nobody hears. */
export function sendCopy(
  context: Context,
  request: RoutedHead,
  { terms, plan: planned, asker, body }: { terms: MirrorTerms; plan: Plan; asker: Asker; body: Buffer },
): void {
  if (context.copies >= MAX_COPIES) return;
  context.copies++;
  const plan = planned.copy();
  plan.body = body;
  plan.deliver(ONCE);
  const { upstream } = terms;
  const to: Node = {
    name: '',
    decide(_request, own) {
      own.upstream = upstream;
      return null;
    },
  };
  void branch(context, request, { to, plan, asker, bounds: COPY_BOUNDS }).then(() => {
    context.copies--;
  });
}

/** Copies of a worker under way at once. */
const MAX_COPIES = 256;
const ONCE = new PolicyEdit({ tries: 1, hedgeMs: 0 });
const COPY_BOUNDS: BranchBounds = { timeoutMs: 30_000, maxBytes: 65_536 };
