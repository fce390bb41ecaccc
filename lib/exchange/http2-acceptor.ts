import type { Accepted, Greeted } from '../net/listener.ts';

/** Who takes clients that speak HTTP/2. */
export interface Http2Acceptor {
  /**
   * Takes a connection whose handshake has just agreed on `h2`, and of which nothing has been read since. Called in the midst of
   * OpenSSL's work: what the client has sent behind it follows in the same turn, to whoever reads the handle by then.
   */
  accept(accepted: Accepted & { readonly greeted: Greeted }): void;
}
