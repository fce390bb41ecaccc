import type { Decision, ExplainRequest, ExplainedNode, ExplainedRoute, Explanation } from '../core/explanation.ts';
import { faultOf } from '../core/faults.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { Head } from '../http/head.ts';
import { Target } from '../http/target.ts';
import type { Mirrors } from '../routing/mirror.ts';
import { Plan, type Answer } from '../routing/plan.ts';
import { endingOf } from '../stats/endings.ts';
import { explainedChoice } from '../upstream/explained-choice.ts';
import type { StoredReply } from '../upstream/reply-cache.ts';
import type { Server } from '../upstream/server.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { newSpanId, TRY_SPAN } from './identities.ts';
import { keptLines, type ReplyEdit } from '../routing/reply-edit.ts';
import { encodeOwn, formOf } from './own-reply.ts';
import { withServerHost } from './server-host.ts';

interface AskedParts {
  readonly request: ExplainRequest;
  readonly bytes: Buffer;
  readonly head: Head;
  readonly target: Target;
  readonly plan: Plan;
  readonly left: { routes: number };
}

/** A request that is asked about, and what is known of it so far. */
export class Asked {
  readonly request: ExplainRequest;
  readonly bytes: Buffer;
  readonly head: Head;
  readonly target: Target;
  readonly plan: Plan;
  isParsed = false;
  /** Null: it comes in clear. */
  tls: TlsFacts | null = null;
  domain: string | null = null;
  /** What its reply may be compressed in; null: it is not. */
  compression: string | null = null;
  /** It is made of another request, whose reply nobody but the graph gets. */
  isInside = false;
  readonly nodes: ExplainedNode[] = [];
  readonly routes: ExplainedRoute[] = [];
  /** How many more routes are told, those of routes among them. */
  readonly #left: { routes: number };
  #upstream: Explanation['upstream'] = null;
  #server: Server | null = null;
  #sent: string | null = null;

  private constructor({ request, bytes, head, target, plan, left }: AskedParts) {
    this.request = request;
    this.bytes = bytes;
    this.head = head;
    this.target = target;
    this.plan = plan;
    this.#left = left;
    plan.isObserved = true;
  }

  /** `text`: its head in the form of HTTP/1.1. */
  static of(request: ExplainRequest, text: string, maxFields: number): Asked {
    const bytes = Buffer.from(text, 'latin1');
    const left = { routes: MOST_ROUTES };
    return new Asked({ request, bytes, head: new Head(maxFields), target: new Target(), plan: new Plan(), left });
  }

  /** A request that is made of this one; null where enough is told. */
  branch(plan: Plan): Asked | null {
    if (this.#left.routes-- <= 0) return null;
    const { request, head, target } = this;
    const own = new Asked({ request, bytes: EMPTY, head, target, plan, left: this.#left });
    own.isParsed = true;
    own.isInside = true;
    own.tls = this.tls;
    own.domain = this.domain;
    return own;
  }

  choose(
    upstream: Upstream,
    affinity: Parameters<typeof explainedChoice>[1],
    server: Server | null,
    now: number,
  ): void {
    this.#upstream = explainedChoice(upstream, affinity, server, now);
  }

  refused(fault: number, text?: string): Explanation {
    const { status, text: usual } = faultOf(fault);
    return this.ended({ kind: 'fault', status, ending: endingOf(fault), text: text ?? usual });
  }

  answered(answer: Answer): Explanation {
    const whole = encodeOwn(
      { fault: 0, answer, edit: this.plan.replyEdit, retryAfterS: 0, tries: 0 },
      true,
      formOf(this.head.method(), null),
    );
    const end = whole.indexOf('\r\n\r\n') + 4;
    const { status } = answer;
    // What was asked first is no part of the answer.
    const { length } = this.routes.filter(({ edge }) => edge.startsWith('routes/'));
    const replies = length === 1 ? 'the reply of one route' : `the replies of ${length} routes`;
    const text = length === 0 ? `the graph answers ${status}` : `the graph answers with ${replies}`;
    return this.ended({ kind: 'answer', status, text, head: whole.slice(0, end), body: whole.slice(end) });
  }

  /** The upstream's cache has the reply; `unchanged`: the head of a 304 where the client has it as well, else null. */
  kept(name: string, { status, head, body }: StoredReply, unchanged: Buffer | null, ageS: number): Explanation {
    const text = `a reply that is kept of upstream ${name} answers, ${ageS} s old (in this worker)`;
    const isBare = unchanged !== null || (this.plan.method ?? this.head.method()) === 'HEAD';
    return this.ended({
      kind: 'answer',
      status: unchanged === null ? status : NOT_MODIFIED,
      text: unchanged === null ? text : `${text}: the client has it already`,
      head: editedHead((unchanged ?? head).latin1Slice(), this.plan.replyEdit, `Age: ${ageS}\r\n`),
      body: isBare ? '' : body.latin1Slice(),
    });
  }

  forwarded(name: string, server: Server, head: string): Explanation {
    this.#server = server;
    this.#sent = withServerHost(head, server).replaceAll(TRY_SPAN, newSpanId());
    const way = this.compression === null ? '' : `; its reply may be compressed (${this.compression})`;
    return this.ended({ kind: 'forward', text: `goes to ${server.address} of upstream ${name}${way}` });
  }

  ended(decision: Decision): Explanation {
    const { head, target, plan, request, isParsed } = this;
    const isRewritten = plan.path !== null || plan.query !== null;
    return {
      request: {
        method: isParsed ? (plan.method ?? head.method()) : '',
        host: target.host,
        path: target.path,
        query: target.query,
        client: request.client,
        head: this.bytes.latin1Slice(),
      },
      domain: this.domain,
      nodes: this.nodes,
      rewrite: isRewritten ? { path: plan.path ?? target.path, query: plan.query ?? target.query } : null,
      decision,
      upstream: this.#upstream,
      server: this.#server?.address ?? null,
      head: this.#sent,
      reply_edit: plan.replyEdit === null ? null : { drop: plan.replyEdit.drop, lines: plan.replyEdit.lines },
      compression: this.compression,
      routes: this.routes,
      // What the graph answers or refuses goes to nobody.
      copies: decision.kind === 'forward' ? copiesOf(plan.mirrors) : [],
      worker: process.pid,
    };
  }
}

/** A stored head as the client gets it; `own`: further lines of ours. What is only known with the reply is left out. */
function editedHead(head: string, edit: ReplyEdit | null, own: string): string {
  const whole = head.slice(0, -2);
  return `${edit === null ? whole : keptLines(whole, edit.drop) + edit.lines}${own}\r\n`;
}

/** The one that was met first is the last of the chain. */
function copiesOf(mirrors: Mirrors | null): readonly string[] {
  const names: string[] = [];
  for (let one = mirrors; one !== null; one = one.before) names.unshift(one.terms.upstream);
  return names;
}

/** An explanation is for people. */
const MOST_ROUTES = 64;
const EMPTY = Buffer.alloc(0);
const NOT_MODIFIED = 304;
