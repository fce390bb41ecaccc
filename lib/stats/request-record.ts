import type { CountedRequest } from './tally.ts';

/**
 * What is known of one request, written down by its exchange while it goes on. One record an exchange, used again for the next
 * request: who wants to keep something copies it.
 */
export class RequestRecord implements CountedRequest {
  domain = '';
  method = '';
  status = 0;
  fault = 0;
  durationMs = 0;
  serverMs = 0;
  receivedBytes = 0;
  sentBytes = 0;
  /** Host in lower case without port; empty where none was read. */
  host = '';
  /** Servers that it was given to. */
  tries = 0;
  /** Asked of ourselves, below `/__erulb__/`. */
  isAdmin = false;

  reset(): void {
    this.domain = '';
    this.method = '';
    this.status = 0;
    this.fault = 0;
    this.durationMs = 0;
    this.serverMs = 0;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.host = '';
    this.tries = 0;
    this.isAdmin = false;
  }
}
