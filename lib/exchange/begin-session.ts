import { adopt } from '../net/adopt.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import type { Greeted } from '../net/listener.ts';
import type { ClientConnection } from './client-connection.ts';
import { ClientSession } from './client-session.ts';
import type { Context } from './context.ts';
import { forwardedLines } from './forwarded.ts';

/**
 * A client's connection that has begun with the preface of HTTP/2, with prior knowledge (RFC 9113 3.3), goes on as a session;
 * `bytes`: all that has come of it. Whether the preface goes on as it began is seen there.
 */
export function changeToSession(context: Context, client: ClientConnection, bytes: Buffer): void {
  const { address, trusted, forwarded, refusal, connection } = client;
  if (!(connection instanceof HandleConnection)) return;
  const endpoints = connection.endpoints();
  connection.pause();
  const socket = adopt(connection.release(), bytes);
  const peer = { address, trusted, forwarded, tls: null, refusal, endpoints };
  context.replaceClient(client, new ClientSession(context, socket, peer));
}

/** A client that has agreed on HTTP/2 in its handshake (ALPN). What it has sent behind that follows in this very turn. */
export function beginSession(context: Context, address: string, greeted: Greeted): ClientSession {
  const { connection, tls } = greeted;
  const trusted = context.shared.trusted.has(address);
  const endpoints = connection.endpoints();
  const forwarded = trusted ? null : forwardedLines(address, tls);
  const socket = adopt(connection.release(), null);
  const session = new ClientSession(context, socket, { address, trusted, forwarded, tls, refusal: 0, endpoints });
  context.addClient(session);
  return session;
}
