import type { ServerConnection } from '../upstream/server-connection.ts';
import type { Try } from './try.ts';

/**
 * Goes on with a kept connection once the loop has looked at all sockets, and then again: the first round may already have been under way.
 * A FIN or RST that has arrived is known after that.
 */
export function lookFirst(one: Try, connection: ServerConnection): void {
  setImmediate(lookAgain, one, connection);
}

function lookAgain(one: Try, connection: ServerConnection): void {
  setImmediate(goOn, one, connection);
}

function goOn(one: Try, connection: ServerConnection): void {
  if (one.connection === connection) one.onServerConnect();
}
