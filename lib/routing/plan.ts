import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { PolicyEdit } from '../core/policy-edit.ts';
import type { Fallback, FallbackTerms } from './fallback.ts';
import type { KnownBody } from './known-body.ts';
import type { LateText } from './late-text.ts';
import type { Mirrors } from './mirror.ts';
import { bothEdits, type ReplyEdit } from './reply-edit.ts';
import type { RouteGate } from './route-gate.ts';
import type { Node } from './rule.ts';

/** A node as a trace has it; `edge`: by which it was come to. */
export interface WalkedNode {
  readonly name: string;
  readonly edge?: string;
}

/** A reply that the graph gives by itself. Belongs to the graph, unless it was made for one request. */
export interface Answer {
  readonly status: number;
  /** Whole field lines, each ended by CRLF; those of date and framing are not among them. */
  readonly lines: string;
  /** Every character is one byte. */
  readonly body: string;
}

/** A body that the client gets instead of a server's. Belongs to the graph, unless it was made for one request. */
export interface ReplyBody {
  /** Content-Type. */
  readonly type: string;
  /** Every character is one byte. */
  readonly body: string;
  /** The body instead, where it depends on the reply. */
  readonly late?: LateText;
  /** Most bytes of the server's body that are waited for, where it needs that. */
  readonly bodyBytes?: number;
}

/** What an expression has found, and what others have before. */
export interface Captures {
  readonly match: RegExpExecArray;
  readonly before: Captures | null;
}

/** What a route that was asked first has replied, and what others have before. */
export interface AskedReply {
  readonly name: string;
  readonly status: number;
  readonly body: KnownBody;
  readonly before: AskedReply | null;
}

/** Where the walk of a shared graph goes on, by the name of its exit; the empty name is the usual one. */
export interface Return {
  readonly exits: ReadonlyMap<string, Node>;
  readonly before: Return | null;
}

/** Somebody who has to know when an exchange is over. */
export interface Ending {
  /** `status`: what the client was sent; 499 where it left before, 0 where it was closed without a word. Called once. */
  ended(status: number): void;
}

/**
 * What the graph decided and the exchange does: one record per client connection, reset for each request.
 */
export class Plan {
  /** Name of an upstream, or `host:port`, `http://host:port`, `https://host:port`; null when the plan is an answer. */
  upstream: string | null = null;
  /** A code of `Fault` that answers the request when there is no upstream; 0 with one. */
  fault = 0;
  /** What answers the request instead of a server or a fault. */
  answer: Answer | null = null;
  /** Path instead of the request's, in normal form, beginning with a slash; null keeps it. */
  path: string | null = null;
  /** Query instead of the request's, with its question mark, or empty; null keeps it. */
  query: string | null = null;
  /**
   * Fields to set on the forwarded request: name, value, name, value, ... The values replace every field of that name the
   * client sent; a name that occurs twice here is sent twice. Every character of a value is one byte. Lists belong to the
   * graph and are shared by requests: put another one here, never change one.
   */
  setFields: readonly string[] = NONE;
  /** Names of fields that are not forwarded, in lower case. */
  dropFields: readonly string[] = NONE;
  /**
   * Names of fields that tell the server who the client is, in lower case and with hyphens: what the client itself says under them, in
   * any spelling, neither a server nor a node gets to see. Only what the graph sets counts.
   */
  guardedFields: readonly string[] = NONE;
  /** What is changed in the reply's head, a server's or the graph's own; null for nothing. */
  replyEdit: ReplyEdit | null = null;
  /** Gets each node that is walked; null where nobody wants to know. Not reset: its owner empties it. */
  trace: WalkedNode[] | null = null;
  /** Body that the client gets instead of a server's, whose status and other fields stay; null for the server's own. */
  replyBody: ReplyBody | null = null;
  /** Method to forward instead of the request's; null keeps it. */
  method: string | null = null;
  /** Body to forward instead of the client's, which is read and dropped; framed by Content-Length. Null keeps the client's. */
  body: Buffer | null = null;
  /** Most bytes of the client's body, within what is allowed to all. */
  maxBodyBytes = Infinity;
  /** What patterns of paths have captured, the latest last; null for nothing. */
  captures: Captures | null = null;
  /** What is known of the client by its credentials: the claims of a token, for instance. Null for nothing. */
  claims: Readonly<Record<string, unknown>> | null = null;
  /** What was asked first, the latest last; null for nothing. */
  asked: AskedReply | null = null;
  /** Where walks of shared graphs go on, the innermost last. */
  returns: Return | null = null;
  /** Graphs that the walk has gone on in. */
  jumps = 0;
  /** The request is gone, or served without this: what the walk goes on to write is read by nobody. */
  isAbandoned = false;
  /** Who has to know when the exchange is over; null for nobody. */
  #endings: Ending[] | null = null;

  /** Other ways for the request where this one fails, the innermost first; null for none. */
  fallback: Fallback | null = null;
  /** Where copies of the request go, too; null for nowhere. */
  mirrors: Mirrors | null = null;
  /** What stands before the rest of the way, and is told how it went; null for nothing. */
  gate: RouteGate | null = null;

  /** What is different in the way the request is delivered from the way of its upstream; null for nothing. */
  policy: PolicyEdit | null = null;

  /**
   * The walk is only explained: a node that keeps something beyond a request, or asks somebody, says what it would do, and takes,
   * counts and asks nothing. Not reset.
   */
  isObserved = false;

  reset(): void {
    this.upstream = null;
    this.fault = 0;
    this.answer = null;
    this.path = null;
    this.query = null;
    this.setFields = NONE;
    this.dropFields = NONE;
    this.guardedFields = NONE;
    this.replyEdit = null;
    this.policy = null;
    this.replyBody = null;
    this.method = null;
    this.body = null;
    this.maxBodyBytes = Infinity;
    this.captures = null;
    this.claims = null;
    this.asked = null;
    this.returns = null;
    this.jumps = 0;
    this.fallback = null;
    this.mirrors = null;
    this.gate = null;
    this.#endings = null;
  }

  /** Whether the body of the request may be needed once more after it was sent. */
  get keepsBody(): boolean {
    return this.fallback !== null || this.mirrors !== null;
  }

  /** Another plan that says the same so far: but for what goes beside the request, and what follows its end. */
  copy(): Plan {
    const plan = new Plan();
    plan.assume(this);
    return plan;
  }

  /** Says again what another plan says. */
  assume(other: Plan): void {
    this.upstream = other.upstream;
    this.fault = other.fault;
    this.answer = other.answer;
    this.path = other.path;
    this.query = other.query;
    this.setFields = other.setFields;
    this.dropFields = other.dropFields;
    this.guardedFields = other.guardedFields;
    this.replyEdit = other.replyEdit;
    this.policy = other.policy;
    this.replyBody = other.replyBody;
    this.method = other.method;
    this.body = other.body;
    this.captures = other.captures;
    this.claims = other.claims;
    this.asked = other.asked;
    this.returns = other.returns;
    this.jumps = other.jumps;
    this.isObserved = other.isObserved;
    this.fallback = null;
    this.mirrors = null;
    this.gate = null;
  }

  /** Leads another way if what comes of this one fails. */
  fallTo(terms: FallbackTerms): void {
    this.fallback = { terms, plan: this.copy(), gate: this.gate, outer: this.fallback };
  }

  /** Goes back to where that way was found; it is taken now, those around it still may be. */
  takeFallback({ plan, gate, outer }: Fallback): void {
    this.assume(plan);
    this.gate = gate;
    this.fallback = outer;
  }

  /** `ending` is told once when the exchange is over, in whatever way; at once where it is over already. */
  atEnd(ending: Ending): void {
    if (this.isAbandoned) ending.ended(CLIENT_CLOSED);
    else (this.#endings ??= []).push(ending);
  }

  /** Gives away those who have to know of the end: their new holder tells them. */
  takeEndings(): readonly Ending[] {
    const endings = this.#endings ?? NO_ENDINGS;
    this.#endings = null;
    return endings;
  }

  /** The exchange is over. */
  end(status: number): void {
    if (this.#endings !== null) for (const ending of this.takeEndings()) ending.ended(status);
  }

  /** Nobody waits for the walk any more. */
  abandon(): void {
    this.isAbandoned = true;
    this.end(CLIENT_CLOSED);
  }

  /** Remembers what an expression has found. */
  capture(match: RegExpExecArray): void {
    this.captures = { match, before: this.captures };
  }

  /** Keeps what a route has replied, under a name; the latest of a name counts. */
  keepReply(name: string, status: number, body: KnownBody): void {
    this.asked = { name, status, body, before: this.asked };
  }

  /** Sets fields beside those that were set before; the newer one of a name counts. */
  set(fields: readonly string[]): void {
    if (fields.length === 0) return;
    this.setFields = this.setFields.length === 0 ? fields : [...without(this.setFields, namesOf(fields)), ...fields];
  }

  /** Takes fields out, also those that were set before. `lowerNames` in lower case. */
  drop(lowerNames: readonly string[]): void {
    if (lowerNames.length === 0) return;
    this.dropFields = this.dropFields.length === 0 ? lowerNames : [...this.dropFields, ...lowerNames];
    if (this.setFields.length > 0) this.setFields = without(this.setFields, lowerNames);
  }

  /** Lets only the graph itself say these fields from here on; what was set before goes, too. `names` as in `guardedFields`. */
  guard(names: readonly string[]): void {
    if (names.length === 0) return;
    this.guardedFields = this.guardedFields.length === 0 ? names : [...this.guardedFields, ...names];
    if (this.setFields.length > 0)
      this.setFields = this.setFields.filter((_, i) => !names.includes(spelling(this.setFields[i - (i % 2)] ?? '')));
  }

  /** The value of a field that is guarded, as the graph has set it, or null; undefined for a field that is not guarded. */
  guarded(lowerName: string): string | null | undefined {
    if (this.guardedFields.length === 0) return undefined;
    const name = lowerName.includes('_') ? lowerName.replaceAll('_', '-') : lowerName;
    if (!this.guardedFields.includes(name)) return undefined;
    for (let i = 0; i + 1 < this.setFields.length; i += 2)
      if (spelling(this.setFields[i] ?? '') === name) return this.setFields[i + 1] ?? null;
    return null;
  }

  /** Changes how the request is delivered, beside what was changed before. `edit` is made when a document is compiled. */
  deliver(edit: PolicyEdit): void {
    this.policy = edit.after(this.policy);
  }

  /** How a request is delivered that would be delivered in the usual way of its upstream. */
  policyOver(usual: DeliveryPolicy): DeliveryPolicy {
    return this.policy === null ? usual : this.policy.over(usual);
  }

  /** Changes the reply's head beside what was changed before. */
  editReply(edit: ReplyEdit): void {
    this.replyEdit = this.replyEdit === null ? edit : bothEdits(this.replyEdit, edit);
  }
}

/** A field's name as servers of the CGI family read it: without case, and hyphens for underscores. */
function spelling(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** The names of pairs of name and value, in lower case. */
function namesOf(fields: readonly string[]): readonly string[] {
  const names: string[] = [];
  for (let i = 0; i < fields.length; i += 2) names.push((fields[i] ?? '').toLowerCase());
  return names;
}

/** Pairs of name and value without those of some names, which are in lower case; the same list where there are none of them. */
function without(fields: readonly string[], lowerNames: readonly string[]): readonly string[] {
  let kept: string[] | null = null;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (lowerNames.includes(name.toLowerCase())) kept ??= fields.slice(0, i);
    else if (kept !== null) kept.push(name, fields[i + 1] ?? '');
  }
  return kept ?? fields;
}

const NONE: readonly string[] = [];
const NO_ENDINGS: readonly Ending[] = [];
/** The status of a request whose client left before any reply, as nginx logs it. */
const CLIENT_CLOSED = 499;
