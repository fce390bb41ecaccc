import { SERVER_HOST, type Server } from '../upstream/server.ts';

/**
 * What Host says for `NAMED_HOST`, before the server is chosen: a place that `withServerHost` fills for each try anew. `said`: what the
 * client said, for servers without a name.
 */
export function placeOfHost(said: string): string {
  return `${SERVER_HOST}${said}${SERVER_HOST}`;
}

/** The head for a server: one mark gives way to its name, what is between two of them only if the server has a name. */
export function withServerHost(head: string, server: Server): string {
  const from = head.indexOf(SERVER_HOST);
  if (from === -1) return head;
  const to = head.indexOf(SERVER_HOST, from + 1);
  const said = to === -1 || server.isNamed ? server.authority : head.slice(from + 1, to);
  return head.slice(0, from) + said + head.slice(Math.max(from, to) + 1);
}
