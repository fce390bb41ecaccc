import { encodeRequest, type RequestEdits } from '../http/encode-request.ts';
import { Known, type Head } from '../http/head.ts';
import { connectionNames, listHas } from '../http/hop.ts';
import type { Target } from '../http/target.ts';
import type { Plan } from '../routing/plan.ts';
import { NAMED_HOST } from '../upstream/server.ts';
import { placeOfHost } from './server-host.ts';
import type { Identity } from './identities.ts';

/** Writes down the head that every try of a request sends. One per exchange, so that its record of edits is reused. */
export class ForwardHead {
  /** What the server is told that the request is known by; null: nothing. */
  identity: Identity | null = null;
  /** Fields by which its server is asked whether a reply still holds that we have; they replace the client's. */
  conditions: readonly string[] = [];
  readonly #edits: RequestEdits = {
    target: null,
    host: null,
    listed: null,
    guarded: null,
    set: [],
    forwarded: '',
    trusted: false,
    upgrade: null,
    trailers: false,
    method: null,
    length: -1,
  };

  /**
   * `upgrade`: the protocol the client wants to change to, or null. `forwarded`: the lines about the client. `host`: what
   * Host says instead of what the client says, or null.
   */
  encode(
    head: Head,
    target: Target,
    plan: Plan,
    client: { readonly trusted: boolean },
    forwarded: string,
    upgrade: string | null,
    host: string | null,
  ): string {
    const edits = this.#edits;
    const hostAt = head.find(Known.HOST);
    edits.target = newTarget(target, plan);
    const asked = target.absolute || hostAt === -1 ? target.authority : null;
    edits.host = host === NAMED_HOST ? placeOfHost(asked ?? head.value(hostAt)) : (host ?? asked);
    const listed = connectionNames(head);
    edits.listed = plan.dropFields.length === 0 ? listed : [...(listed ?? []), ...plan.dropFields];
    const { identity } = this;
    if (identity !== null && identity.drop.length > 0) edits.listed = [...(edits.listed ?? []), ...identity.drop];
    edits.guarded = plan.guardedFields.length === 0 ? null : plan.guardedFields;
    const hops = hopsLeft(head);
    edits.set = hops > 0 ? withHops(hops - 1, plan.setFields) : plan.setFields;
    if (identity !== null) edits.set = [...identity.set, ...edits.set];
    if (this.conditions.length > 0) {
      edits.listed = [...(edits.listed ?? []), ...CONDITIONS];
      edits.set = [...this.conditions, ...edits.set];
    }
    edits.trusted = client.trusted;
    edits.upgrade = upgrade;
    edits.method = plan.method;
    edits.length = plan.body === null ? -1 : plan.body.length;
    edits.trailers = (head.seen & (1 << Known.TE)) !== 0 && listHas(head, Known.TE, 'trailers');
    const said = client.trusted && head.find(Known.X_FORWARDED_HOST) !== -1;
    edits.forwarded = said ? forwarded : `${forwarded}X-Forwarded-Host: ${asked ?? head.value(hostAt)}\r\n`;
    return encodeRequest(head, edits);
  }
}

/** A server would have to meet all of them. */
const CONDITIONS: readonly string[] = ['if-none-match', 'if-modified-since'];

/**
 * How often an OPTIONS request may still be forwarded (RFC 9110 7.6.2); -1 where nothing bounds it, or nothing that is a number.
 * Other methods are forwarded with what they say.
 */
export function hopsLeft(head: Head): number {
  if ((head.seen & (1 << Known.MAX_FORWARDS)) === 0 || head.method() !== 'OPTIONS') return -1;
  const value = head.get('max-forwards') ?? '';
  return /^\d{1,9}$/.test(value) ? Number(value) : -1;
}

/** The fields to set, with the hops that are left unless the graph says how many. */
function withHops(hops: number, set: readonly string[]): readonly string[] {
  const isSet = set.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'max-forwards');
  return isSet ? set : ['Max-Forwards', String(hops), ...set];
}

/** The target to send: null if the client's own bytes already are what was routed. */
function newTarget(target: Target, plan: Plan): string | null {
  if (plan.path === null && plan.query === null && target.unchanged) return null;
  return target.asterisk ? '*' : (plan.path ?? target.path) + (plan.query ?? target.query);
}
