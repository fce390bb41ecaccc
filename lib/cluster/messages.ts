import type { TableChange } from '../change.ts';
import type { AccessLogSetup } from '../core/config.ts';
import type { Limits } from '../core/limits.ts';
import type { OwnSlice } from '../core/own-slice.ts';
import type { RateVerdict } from '../core/rate-table.ts';
import type { PlaceQuestion } from '../core/shared-places.ts';
import type { RateQuestion } from '../core/shared-rates.ts';
import type { ListenAddress } from '../core/listener.ts';
import type { WorkerAnswer, WorkerQuery } from '../core/worker-query.ts';
import type { TlsSetup } from '../core/tls-setup.ts';
import type { TraceSetup } from '../core/trace-setup.ts';
import type { ReportPiece, WorkerReport } from '../stats/report.ts';
import type { HealthNews, WorkerSightings } from '../upstream/server-health.ts';
import type { ServersPiece } from '../upstream/server-report.ts';
import type { HeldPlace } from './place-line.ts';

/** What a worker needs to know before it begins. Plain data: it travels between processes. */
export interface WorkerSetup {
  /** Instance name: prefix of the metrics. */
  readonly name: string;
  /** Number of workers, this one included. */
  readonly workers: number;
  readonly limits: Limits;
  readonly drainMs: number;
  readonly trustedProxies: readonly string[];
  /** Certificates that servers' are checked against, in PEM; null: those of the machine. */
  readonly serverCa: string | null;
  /** URL of the Redis in which all instances count requests together; null: none. */
  readonly redis: string | null;
  /** Whether requests are counted for reports. */
  readonly metrics: boolean;
  readonly accessLog: AccessLogSetup | null;
  /** How many requests are remembered; 0: none. */
  readonly recentRequests: number;
  readonly requestId: boolean;
  /** Null: nothing is traced. */
  readonly tracing: TraceSetup | null;
  readonly tls: TlsSetup;
  readonly statsd: { readonly host: string; readonly port: number } | null;
  readonly logLevel: string;
  /** Path of the Unix socket where the primary answers the admin API. */
  readonly adminSocket: string;
  readonly ownSlice: OwnSlice;
}

/** A file with what a start begins with, which a worker reads beside its primary. */
export interface FirstImage {
  readonly path: string;
  /** Which bytes it is (`ImageExtent`), though the file may be added to or replaced: its inode, their number, the last of them in hex. */
  readonly inode: number;
  readonly bytes: number;
  readonly tail: string;
  readonly prefix: string;
  readonly checker: string;
  /** Whether a worker that has the table listens at once: clients who wait are answered while the primary still reads. */
  readonly listens: boolean;
}

/** From the primary to a worker. Changes of one message are applied in one turn of the worker's loop. */
export type ToWorker =
  /** The first message. `listen`: addresses in use, in the order of the sockets the worker was given. `image`: null: no table yet. */
  | {
      readonly kind: 'start';
      readonly setup: WorkerSetup;
      readonly listen: readonly ListenAddress[];
      readonly image: FirstImage | null;
    }
  /**
   * Changes of the table, which is empty at first. Sequences grow. `more`: the same sequence goes on in the next message, and
   * nothing of it is applied before its end. `whole`: from here on, what is not in the table does not exist; before, it is
   * only not known yet. `onDraft`: all that was drafted comes before it.
   */
  | {
      readonly kind: 'table';
      readonly sequence: number;
      readonly more: boolean;
      readonly whole: boolean;
      readonly onDraft: boolean;
      readonly changes: readonly TableChange[];
    }
  /**
   * What the first table will probably be made of (`encodeDraftPiece`). Nothing of it is applied before a `table` that is `onDraft`; later words about an item
   * count. A table that is not makes it void.
   */
  | { readonly kind: 'draft'; readonly piece: Uint8Array }
  /** Comes after the first table where there is one: a replaced worker never answers without it. */
  | { readonly kind: 'listen' }
  /** A socket to listen on as well, which comes with the message, as soon as `listen` has been said. */
  | { readonly kind: 'open'; readonly address: ListenAddress }
  /** One to listen on no more; connections go on. */
  | { readonly kind: 'shut'; readonly address: ListenAddress }
  /** Something else is asked of who comes by the socket of `from`. */
  | { readonly kind: 'rename'; readonly from: ListenAddress; readonly to: ListenAddress }
  | { readonly kind: 'drain' }
  /** Something was written to these URIs by way of another worker: replies that are kept of them are not true any more. */
  | { readonly kind: 'forget'; readonly uris: readonly string[] }
  /** Log files were moved away: open new ones. */
  | { readonly kind: 'reopen' }
  /** Of the servers' health: what the primary has decided, what other workers have seen. */
  | { readonly kind: 'health'; readonly news: HealthNews }
  /** Asks for a report. */
  | { readonly kind: 'ask'; readonly question: number }
  /** Asks for something else. */
  | { readonly kind: 'query'; readonly question: number; readonly query: WorkerQuery }
  /** The answer to `rate`. */
  | { readonly kind: 'rated'; readonly question: number; readonly verdict: RateVerdict }
  /** The answer to `enter`. */
  | { readonly kind: 'entered'; readonly question: number; readonly isGranted: boolean }
  /** Asks for what there is to tell of upstreams and servers, or of one upstream. */
  | { readonly kind: 'ask-servers'; readonly question: number; readonly upstream: string | null };

/** From a worker to the primary. */
export type ToPrimary =
  /** Started, can take a table. `hasImage`: what it has been given as an image is its table now. */
  | { readonly kind: 'hello'; readonly hasImage: boolean }
  /** Everything up to this sequence is in force. */
  | { readonly kind: 'applied'; readonly sequence: number }
  | { readonly kind: 'listening' }
  /** Counts a request together with those of the other workers. */
  | { readonly kind: 'rate'; readonly question: number; readonly asked: RateQuestion }
  /** Wants a place for a request among those of all workers. */
  | { readonly kind: 'enter'; readonly question: number; readonly asked: PlaceQuestion }
  /** Gives one back. */
  | { readonly kind: 'leave'; readonly place: HeldPlace }
  /** Something was written to these URIs: the other workers have to know. */
  | { readonly kind: 'forget'; readonly uris: readonly string[] }
  /** What it has seen of servers and upstreams at work. */
  | { readonly kind: 'sightings'; readonly sightings: WorkerSightings }
  /** The answer to `ask`; there is more of it in pieces. */
  | { readonly kind: 'report'; readonly question: number; readonly report: WorkerReport }
  /** Null: that was all. */
  | { readonly kind: 'reported'; readonly question: number; readonly piece: ReportPiece | null }
  /** The answer to `query`; null: there is none. */
  | { readonly kind: 'answer'; readonly question: number; readonly answer: WorkerAnswer | null }
  /** The answer to `ask-servers`, in pieces: `more` follow. */
  | ({ readonly kind: 'servers' } & ServersPiece)
  /** Cannot listen; the message is for an operator. */
  | { readonly kind: 'failed'; readonly message: string };
