/**
 * A stream on which a message ends by itself: one of HTTP/2. Heads go through it, both ways, as text in the form of HTTP/1.1 up to
 * their empty line; bodies as they are, without anything that frames them; trailers are told with the end.
 */
export interface MessageStream {
  /** The peer's message has ended. Where its head is the end of it, that is so when the head is told. */
  readonly ended: boolean;
  /** Field lines behind the peer's message, each ended by CRLF; known when it has ended. */
  readonly trailers: string;
  /** Ends our message with `text`, which may be all of it, and with field lines behind it. */
  finish(text: string, trailers: string): void;
}
