import type { Head } from '../http/head.ts';
import type { Client } from './client.ts';
import { letGo } from './let-go.ts';
import type { Outgoing } from './outgoing.ts';
import type { Race } from './race.ts';
import { StoredFeed } from './stored-feed.ts';
import type { Try } from './try.ts';

/**
 * Whether the server of a try says with this head that a stored reply still holds. Then that one goes to the client, by way of the same try,
 * and the server is done with. A request that is answered by a cache has no body that could still be on its way.
 */
export function holdsStill(one: Try, head: Head, client: Client, request: Outgoing, race: Race): boolean {
  const found = request.caching === null ? null : request.caching.freshened(head, one.server);
  if (found === null) return false;
  one.succeeded();
  one.deadline.cancel();
  one.relay.skip();
  letGo(one, request, true);
  race.leave(one);
  request.caching = null;
  StoredFeed.begin(one, client.connection, request, found);
  return true;
}
