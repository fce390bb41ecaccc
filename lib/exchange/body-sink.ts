/**
 * Where the body of a reply goes: to the client, or to something that it goes through first. Stages are put before each other when a head
 * is passed on; a reply that nothing is done to goes to its writer at once.
 *
 *     server, or a stored reply -> BodyReader -> [recorder] -> [holder] -> [encoder] -> BodyWriter -> client
 */
export interface BodySink {
  /** A run of body; the bytes may be overwritten after this returns. */
  data(bytes: Buffer, from: number, to: number): void;
  /** The end of the body; `trailers` are field lines, or empty. */
  finish(trailers: string): void;
  /** Nothing more is there at the moment: what has come goes on. */
  flush(): void;
}
