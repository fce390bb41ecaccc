import { empty } from '../core/empty.ts';
import type { CountedGraph, CountedRequest } from './tally.ts';
import type { TraceSpan } from './traced-request.ts';

/**
 * What is known of one request, written down by its exchange while it goes on. One record an exchange, used again for the next
 * request: who wants to keep something copies it.
 */
export class RequestRecord implements CountedRequest {
  domain = '';
  graph: CountedGraph | null = null;
  method = '';
  status = 0;
  fault = 0;
  /** When its head was there, by `performance.now`. */
  startedMs = 0;
  durationMs = 0;
  serverMs = 0;
  receivedBytes = 0;
  sentBytes = 0;
  /** Of them the reply's head, interim replies not counted. */
  headBytes = 0;
  /** Host in lower case without port; empty where none was read. */
  host = '';
  /** Asked of ourselves, below `/__erulb__/`. */
  isAdmin = false;
  /** Servers that it was given to. */
  tries = 0;

  // What follows is only written down where somebody wants texts (`Capture`).

  /** The TCP peer, and whom it speaks for if it is a trusted proxy. */
  peer = '';
  client = '';
  /** As it was sent; empty where no head could be read. */
  target = '';
  /** Version of HTTP. */
  major = 1;
  minor = 1;
  /** It came by TLS, or so says a trusted proxy. */
  isSecure = false;
  /** Target and fields are visible ASCII and blanks. */
  isPlain = false;
  /** Its place in a trace; null where nothing is traced. */
  trace: TraceSpan | null = null;
  /** Identity of the request, across programs. */
  id = '';
  /** Values of `Capture.fields`, in their order, written with each head; empty where the request lacks the field. */
  readonly fields: string[] = [];
  /** The nodes that were walked, if `Capture.nodes`; `edge`: by which each was come to. */
  readonly nodes: { readonly name: string; readonly from?: string; readonly edge?: string }[] = [];
  upstream = '';
  /** What its cache has come to, as nginx says it: `HIT`, `MISS`, `EXPIRED`, `REVALIDATED`, `BYPASS`; empty where it has none. */
  cache = '';
  /** Each server that it was given to, in turn, if `Capture.servers`; its exchange's own list, emptied with it. */
  servers: readonly TryRecord[] = NONE;

  reset(): void {
    this.domain = '';
    this.graph = null;
    this.method = '';
    this.status = 0;
    this.fault = 0;
    this.durationMs = 0;
    this.serverMs = 0;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.headBytes = 0;
    this.host = '';
    this.isAdmin = false;
    this.tries = 0;
    this.peer = '';
    this.client = '';
    this.target = '';
    this.major = 1;
    this.minor = 1;
    this.isSecure = false;
    this.isPlain = false;
    this.trace = null;
    this.id = '';
    this.upstream = '';
    this.cache = '';
    this.servers = NONE;
    empty(this.nodes);
  }
}

/** One server that a request was given to. */
export interface TryRecord {
  /** Its address as it was dialled. */
  readonly address: string;
  /** When it was chosen, by `performance.now`. */
  readonly startedMs: number;
  readonly ms: number;
  /** The reply's status, or a code of `Fault`; 0 where the client left before. */
  readonly outcome: number;
  /** Of its own in a trace; null where nothing is traced. */
  readonly spanId: string | null;
}

/** Texts that somebody wants of every request; there is none where nobody does. */
export interface Capture {
  /** Names of request fields, in lower case. */
  readonly fields: readonly string[];
  /** Whether the names of walked nodes are wanted. */
  readonly nodes: boolean;
  /** Whether each server that was tried is wanted. */
  readonly servers: boolean;
}

const NONE: readonly TryRecord[] = [];
