import type { TlsFacts } from '../core/tls-facts.ts';
import type { Deadline } from '../core/wheel.ts';
import type { Connection } from '../net/connection.ts';
import type { ClientEnd } from '../upstream/dialer.ts';
import type { ClientUser } from './client-user.ts';
import type { Drain } from './drain.ts';

/** Who asks, as an exchange knows them: a connection of HTTP/1, or one stream of a session of HTTP/2. */
export interface Client extends ClientEnd {
  readonly connection: Connection;
  /** Address of the TCP peer; `unix` for a Unix socket. */
  readonly address: string;
  readonly trusted: boolean;
  /** Field lines about this client where it may say nothing about itself; null for a trusted proxy. */
  readonly forwarded: string | null;
  /** Null: in clear. */
  readonly tls: TlsFacts | null;
  /** For the present user of the connection. */
  readonly deadline: Deadline;
  /** It sends nothing more. */
  readonly ended: boolean;
  /** Answers every request but an admin call: it came when there was no room. 0: none. */
  readonly refusal: number;
  /** It makes a call in gRPC, whose outcome is told in trailers. */
  readonly isGrpc: boolean;
  /** The exchange is over and its reply is sent whole. `isLast`: the client has said that it sends no more. */
  next(keepAlive: boolean, isLast?: boolean): void;
  /** The exchange is over in the middle of its reply: the client must see that it was cut short. */
  cut(): void;
  /** Sends a last reply and ends, because what the client sends cannot be trusted or is left unread; an empty one ends without a word. */
  refuse(reply: string): void;
  /** Asks it to end. */
  drain(drain: Drain): void;
  /** Another user is served from now on, who gets what had to wait. */
  handOver(user: ClientUser): void;
}
