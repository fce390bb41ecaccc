import { Fault } from '../core/faults.ts';
import { frameRequest } from '../http/framing.ts';
import { BodyKind } from '../http/head.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import { requestPersists } from '../http/persist.ts';
import type { Waiter } from '../overload/gate.ts';
import type { Context } from './context.ts';
import { ownReply } from './own-reply.ts';
import type { Stash } from './stash.ts';

/** Whose request waits. */
export interface GateClient {
  leaveGate(isShed: boolean): void;
}

/** A client's place at the gate; made only for a request that has to wait. */
export class WaitingClient implements Waiter {
  newer: Waiter | null = null;
  older: Waiter | null = null;
  waitingSince = 0;
  readonly #client: GateClient;

  constructor(client: GateClient) {
    this.#client = client;
  }

  begin(): void {
    this.#client.leaveGate(false);
  }

  shed(): void {
    this.#client.leaveGate(true);
  }
}

/**
 * Whether a request that begins at `from` is for the control plane, by its first bytes: operators and health checks are heard
 * most of all when there is too much to do. Only the plain form of the target counts here.
 */
export function isAdmin(bytes: Buffer, from: number, to: number): boolean {
  return bytes.latin1Slice(from, Math.min(to, from + LOOK_BYTES)).includes(' /__erulb__/');
}

/**
 * The answer that sheds what waits in a stash, if that is one request without a body whose connection goes on; else null. Most
 * are, and this way costs a fraction of an exchange.
 */
export function plainRefusal(context: Context, stash: Stash): string | null {
  const { requestHead: head, shared, drain } = context;
  const at = parseRequestHead(head, stash.bytes, stash.start, stash.end, shared.limits);
  if (at !== stash.end || drain !== null || !requestPersists(head) || head.minor !== 1) return null;
  if (frameRequest(head, 0) !== 0 || head.bodyKind !== BodyKind.NONE) return null;
  return ownReply(Fault.OVERLOADED, true, head.method() === 'HEAD');
}

/** A method and the prefix. */
const LOOK_BYTES = 32;
