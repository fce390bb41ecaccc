import type { ExplainRequest, Explanation } from '../core/explanation.ts';
import { Fault } from '../core/faults.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { checkExpectation, frameRequest } from '../http/framing.ts';
import { wantsUpgrade } from '../http/hop.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import { readTarget } from '../http/target.ts';
import { requestText } from '../http2/request-text.ts';
import { fallbackFor, type Fallback } from '../routing/fallback.ts';
import { Edge, type Graph } from '../routing/graph.ts';
import { observedWalk } from '../routing/observed-walk.ts';
import type { Plan } from '../routing/plan.ts';
import type { BranchReply, Node } from '../routing/rule.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { affinityOf } from './affinity.ts';
import { Asked } from './asked.ts';
import { questionOf } from './cache-question.ts';
import { Caching } from './caching.ts';
import { compressionTerms } from './compression-terms.ts';
import type { Context } from './context.ts';
import { ACCEPT_ENCODING, NOT_STORED } from './dispatch.ts';
import { ForwardHead, hopsLeft } from './forward-head.ts';
import { forwardedLines, trustedLines } from './forwarded.ts';
import { notModified } from './not-modified.ts';
import { RoutedHead } from './routed-head.ts';
import { checkTls } from './tls-rules.ts';

/**
 * Says what would become of a request, without an effect on anything: its head goes the way of `Exchange`, through the same parser,
 * the same table, the same compiled graph and the same encoder, up to the server that it would be given to.
 */
export class Explainer {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async explain(request: ExplainRequest): Promise<Explanation> {
    const { shared, shedding, ready } = this.#context;
    const { stream } = request;
    const text = stream === null ? request.head : requestText(stream).head;
    const asked = Asked.of(request, typeof text === 'string' ? text : '', shared.limits.maxFields);
    if (typeof text === 'number') return asked.refused(text);
    const { head, target, bytes } = asked;
    const at = parseRequestHead(head, bytes, 0, bytes.length, shared.limits);
    if (at <= 0) return asked.refused(at === 0 ? Fault.HEAD_TIMEOUT : at);
    asked.isParsed = true;
    let fault = readTarget(head, target, request.secure);
    const isAdmin = target.path.startsWith(ADMIN);
    fault ||= frameRequest(
      head,
      isAdmin ? Number.MAX_SAFE_INTEGER : shared.limits.maxBodyBytes,
      // Only a length tells of a body that it would have.
      stream === null ? null : { ended: head.get('content-length') === null },
    );
    fault ||= checkExpectation(head);
    if (fault !== 0) return asked.refused(fault);
    if (hopsLeft(head) === 0) return asked.refused(Fault.LAST_HOP);
    if (isAdmin) return asked.ended({ kind: 'admin', text: 'the control plane answers' });
    if (shedding) return asked.refused(Fault.OVERLOADED);
    const entry = shared.table.find(target.host, target.port, request.secure);
    asked.domain = entry?.name ?? null;
    const graph = entry?.graph ?? null;
    if (graph === null) return asked.refused(entry?.fault ?? (ready ? Fault.NO_DOMAIN : Fault.NOT_READY));
    const isTrusted = shared.trusted.has(request.client);
    if (request.secure) asked.tls = this.#tlsFacts(target.host, request);
    const outcome = checkTls(shared.tls, { tls: asked.tls, trusted: isTrusted }, head, target);
    if (outcome !== 0) return typeof outcome === 'number' ? asked.refused(outcome) : asked.answered(outcome);
    return this.#routed(asked, graph);
  }

  async #routed(asked: Asked, graph: Graph): Promise<Explanation> {
    const { shared, ready } = this.#context;
    const { head, target, plan } = asked;
    const { client } = asked.request;
    const isTrusted = shared.trusted.has(client);
    const claims = isTrusted ? trustedLines(head, client, shared.trusted, asked.tls) : null;
    const routed = new RoutedHead(head, target, plan);
    routed.clientAddress = claims?.clientAddress ?? client;
    routed.peerAddress = client;
    routed.source = {
      gather: () => Promise.resolve(Fault.CLIENT_GONE),
      branch: (_request, to, own) => this.#branch(asked, to, own),
    };
    routed.tls = asked.tls;
    asked.nodes.push(...(await observedWalk(graph, routed, plan)));
    if (asked.nodes.at(-1)?.failure !== null) return asked.refused(Fault.INTERNAL);
    const { upstream: name, answer, fault } = plan;
    if (answer !== null) return asked.answered(answer);
    if (name === null) return asked.refused(fault === 0 ? Fault.FORBIDDEN : fault);
    const upstream = shared.upstreams.get(name);
    if (upstream === null && !ready) return asked.refused(Fault.NOT_READY);
    if (upstream === null) return this.#failed(asked, Fault.NO_SERVER, `there is no upstream ${name}`);
    const compression = asked.isInside ? null : compressionTerms(upstream, head, this.#context.busy);
    if (compression !== null && compression.options.offload) plan.drop(ACCEPT_ENCODING);
    asked.compression = compression?.coding ?? null;
    const caching = this.#look(asked, upstream, isTrusted);
    const stored = caching === null ? null : this.#stored(asked, upstream, caching);
    if (stored !== null) return stored;
    const affinity = affinityOf(routed, upstream, name);
    const server = upstream.preview(affinity);
    asked.choose(upstream, affinity, server, shared.wheel.now);
    const { now } = shared.wheel;
    const refusal = plan.gate?.wouldRefuse(now) || upstream.guard?.wouldRefuse(now) || 0;
    if (refusal !== 0) return this.#failed(asked, refusal);
    if (server === null) return this.#placeless(asked, upstream);
    const forward = new ForwardHead();
    if (caching !== null) forward.conditions = caching.conditions;
    if (shared.identities !== null) forward.identity = shared.identities.of(head, isTrusted, null);
    const lines = claims?.lines ?? forwardedLines(client, asked.tls);
    const upgrade = wantsUpgrade(head) ? head.get('upgrade') : null;
    const text = forward.encode(
      head,
      target,
      plan,
      { trusted: isTrusted },
      lines,
      upgrade,
      upstream.setup?.host ?? null,
    );
    return asked.forwarded(name, server, text);
  }

  /** What the cache of the upstream says to it, as this worker has it; null: there is none. */
  #look({ head, target, plan, tls }: Asked, { cache }: Upstream, trusted: boolean): Caching | null {
    if (cache === null) return null;
    const question = questionOf(head, target, plan, { trusted, tls }, wantsUpgrade(head));
    const { wheel, limits, upstreams } = this.#context.shared;
    return new Caching(cache, question, { caches: upstreams.caches, limits, clock: () => wheel.now }, true);
  }

  /** Answered from memory, or because the client wants that or nothing; null: a server has to be asked. */
  #stored(asked: Asked, { name }: Upstream, caching: Caching): Explanation | Promise<Explanation> | null {
    const { stored, isOnly, ageS } = caching;
    if (stored === null) return isOnly ? asked.answered(NOT_STORED) : null;
    const unchanged = notModified(asked.head, stored);
    const way = fallbackFor(asked.plan.fallback, 0, unchanged === null ? stored.status : NOT_MODIFIED);
    return way === null ? asked.kept(name, stored, unchanged, ageS) : this.#fallen(asked, way);
  }

  /** What is known of a client who has asked for the host by TLS: what is told of it, else as it is usual now, without a certificate. */
  #tlsFacts(host: string, { tls = null, stream }: ExplainRequest): TlsFacts {
    const serverName = tls?.serverName ?? host;
    const rules = this.#context.shared.tls.find(serverName);
    const isAsked = (rules?.clientCertificates ?? 'none') !== 'none';
    return {
      version: tls?.version ?? 'TLSv1.3',
      serverName,
      cipher: tls?.version === 'TLSv1.2' ? 'ECDHE-RSA-AES128-GCM-SHA256' : 'TLS_AES_128_GCM_SHA256',
      alpn: stream === null ? 'http/1.1' : 'h2',
      resumed: false,
      asked: isAsked,
      // Who is not asked shows nothing.
      certificate: isAsked ? (tls?.certificate ?? null) : null,
      policy: rules?.policy ?? '',
    };
  }

  /** A request that is made of this one: nobody is asked. */
  async #branch(asked: Asked, to: Node, plan: Plan): Promise<BranchReply> {
    const own = asked.branch(plan);
    if (own !== null) {
      // Its place among the others is that of its question, whichever comes to an end first.
      const place = asked.routes.length++;
      const explanation = await this.#routed(own, { init: to, edges: [], holding: null });
      asked.routes[place] = { edge: to instanceof Edge ? to.edge : to.name, explanation };
    }
    return { status: 0, body: Buffer.alloc(0) };
  }

  /** The request cannot go on like this: it goes the way of a fallback, if there is one for that. */
  #failed(asked: Asked, fault: number, text?: string): Explanation | Promise<Explanation> {
    const way = fallbackFor(asked.plan.fallback, fault, 0);
    return way === null ? asked.refused(fault, text) : this.#fallen(asked, way);
  }

  #fallen(asked: Asked, way: Fallback): Promise<Explanation> {
    asked.plan.takeFallback(way);
    return this.#routed(asked, { init: way.terms.to, edges: [], holding: null });
  }

  /** No server can take it now: it waits for one, if it may. */
  #placeless(asked: Asked, { isCrowded, queue }: Upstream): Explanation | Promise<Explanation> {
    if (!isCrowded || queue.options.size === 0) return this.#failed(asked, Fault.NO_SERVER);
    return asked.ended({ kind: 'forward', text: 'waits until a server of its upstream has a place (queue)' });
  }
}

/** Where the control plane answers, on every host. */
const ADMIN = '/__erulb__/';
const NOT_MODIFIED = 304;
