import { Half, mayReuse, Reuse } from '../http/persist.ts';
import type { Outgoing } from './outgoing.ts';
import type { Try } from './try.ts';

/**
 * Gives the connection of a server back whose reply was read whole, or ends it; answers which of both connections may carry on, as
 * `mayReuse`. `isSent`: so was the request. May be called again.
 */
export function letGo(one: Try, request: Outgoing, isSent: boolean): number {
  const asked = (isSent ? Half.READ | Half.SENT : 0) | (request.keepAlive ? Half.PERSISTS : 0);
  // A server that declined to change the protocol may read on in its own way: Node's leaves unanswered what it cannot parse.
  const persists = one.relay.reusable && request.upgrade === null;
  const reuse = mayReuse(asked, Half.READ | Half.SENT | (persists ? Half.PERSISTS : 0));
  if ((reuse & Reuse.SERVER) !== 0) one.release();
  else one.abandon();
  return reuse;
}
