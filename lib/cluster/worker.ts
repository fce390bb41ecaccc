import type { TableChange } from '../change.ts';
import { monotonicMs } from '../core/clock.ts';
import type { BoundListener, ListenAddress } from '../core/listener.ts';
import type { SocketWrap } from '../net/carrier.ts';
import type { SharedPlaces } from '../core/shared-places.ts';
import type { SharedRates } from '../core/shared-rates.ts';
import type { WorkerAnswer, WorkerQuery } from '../core/worker-query.ts';
import type { ReportPiece, WorkerReport } from '../stats/report.ts';
import type { HealthNews, WorkerSightings } from '../upstream/server-health.ts';
import type { UpstreamReport } from '../upstream/server-report.ts';
import { decodeDraftPiece } from './draft-piece.ts';
import type { PrimaryLink } from './link.ts';
import { PlaceLine } from './place-line.ts';
import { RateLine } from './rate-line.ts';
import type { FirstImage, ToWorker } from './messages.ts';

/** The data plane as its worker drives it. */
export interface Plane {
  /** Hears what the first table will probably be made of: the time may be used to get ready for it. Nothing of it is in force. */
  draft(changes: readonly TableChange[]): void;
  /**
   * Applies all changes at once. `whole`: nothing is missing in the table from now on. `onDraft`: all that was drafted comes before them; a
   * whole table that is not makes that void.
   */
  apply(changes: readonly TableChange[], whole: boolean, onDraft?: boolean): void;
  listen(): Promise<void>;
  /** A socket to listen on as well, from `listen` on. One whose address is known already is closed. */
  open(bound: BoundListener): void;
  /** Listens there no more; connections go on. */
  shut(address: ListenAddress): void;
  /** The socket stays, and something else is asked of who comes by it from now on. */
  rename(from: ListenAddress, to: ListenAddress): void;
  /** Accepts nothing more and finishes what is under way; resolves when that is done or its bound has passed. */
  drain(): Promise<void>;
  report(): WorkerReport;
  /** At most so many things of the last report that it left out; null: there are none left. */
  moreOfReport(most: number): ReportPiece | null;
  /** What an operator wants to know of this worker. */
  answer(query: WorkerQuery): Promise<WorkerAnswer>;
  /** What there is to tell of upstreams and servers, or of one upstream, piece by piece. */
  servers(upstream: string | null): Iterator<readonly UpstreamReport[], void>;
  /** News of the servers' health. */
  learn(news: HealthNews): void;
  /** Something was written to these URIs by way of another worker. */
  forget(uris: readonly string[]): void;
  /** Log files were moved away. */
  reopen(): void;
}

/** Builds the data plane once the worker knows its setup. */
export type CreatePlane = (
  start: ToWorker & { readonly kind: 'start' },
  /** Tells the primary what was seen of servers. */
  tell: (sightings: WorkerSightings) => void,
  together: Together,
) => Plane;

/** The table that an image leads to; null where it cannot be told from it, or the file is no longer that one. */
export type ReadTable = (image: FirstImage) => readonly TableChange[] | null;

/** What all workers of an instance do together. */
export interface Together {
  readonly rates: SharedRates;
  readonly places: SharedPlaces;
  /** Something was written to these URIs: the others forget the replies that they keep of them. */
  forget(uris: readonly string[]): void;
}

/** Does what the primary says, in order. The same in a process of its own and inside the primary's. */
export class Worker {
  readonly #primary: PrimaryLink;
  readonly #create: CreatePlane;
  readonly #onDrained: () => void;
  readonly #rates: RateLine;
  readonly #places: PlaceLine;
  #plane: Plane | null = null;
  /** What came of a sequence that goes on. */
  #staged: TableChange[] = [];
  #draining = false;
  readonly #readTable: ReadTable;
  #listening: Promise<void> | undefined;

  constructor(primary: PrimaryLink, create: CreatePlane, onDrained: () => void, readTable: ReadTable = () => null) {
    this.#primary = primary;
    this.#create = create;
    this.#onDrained = onDrained;
    this.#readTable = readTable;
    this.#rates = new RateLine((question, asked) => primary.send({ kind: 'rate', question, asked }));
    this.#places = new PlaceLine(
      (question, asked) => primary.send({ kind: 'enter', question, asked }),
      (place) => primary.send({ kind: 'leave', place }),
    );
  }

  /** `socket`: what has come with it. */
  handle(message: ToWorker, socket?: SocketWrap): void {
    switch (message.kind) {
      case 'start':
        this.#plane = this.#create(message, (sightings) => this.#primary.send({ kind: 'sightings', sightings }), {
          rates: this.#rates,
          places: this.#places,
          forget: (uris) => this.#primary.send({ kind: 'forget', uris }),
        });
        this.#primary.send({ kind: 'hello', hasImage: message.image !== null && this.#begin(message.image) });
        break;
      case 'table':
        this.#table(message);
        break;
      case 'draft':
        this.#plane?.draft(decodeDraftPiece(message.piece));
        break;
      case 'listen':
        void this.#listen();
        break;
      case 'open':
        if (socket !== undefined) this.#plane?.open({ address: message.address, handle: { fd: socket.fd } });
        break;
      case 'shut':
        this.#plane?.shut(message.address);
        break;
      case 'rename':
        this.#plane?.rename(message.from, message.to);
        break;
      case 'drain':
        void this.drain();
        break;
      case 'forget':
        this.#plane?.forget(message.uris);
        break;
      case 'reopen':
        this.#plane?.reopen();
        break;
      case 'health':
        this.#plane?.learn(message.news);
        break;
      case 'rated':
        this.#rates.answered(message.question, message.verdict);
        break;
      case 'entered':
        this.#places.answered(message.question, message.isGranted);
        break;
      case 'ask':
        this.#report(message.question);
        break;
      case 'query':
        void this.#answer(message.question, message.query);
        break;
      case 'ask-servers':
        this.#tellServers(message.question, message.upstream);
        break;
    }
  }

  /** Also what a worker does on its own when its primary is gone. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    await this.#plane?.drain();
    await this.#tellLast();
    this.#onDrained();
  }

  /** What has come since the last report: nobody will ask for it any more. */
  #tellLast(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#report(UNASKED, resolve);
    setTimeout(resolve, LAST_WORD_MS).unref();
    return promise;
  }

  #report(question: number, written?: () => void): void {
    const report = this.#plane?.report();
    if (report === undefined) {
      written?.();
      return;
    }
    this.#primary.send({ kind: 'report', question, report });
    this.#tellMore(question, written);
  }

  /** What a report leaves out: pieces that take some tenths of a millisecond each, since requests wait for them. */
  #tellMore(question: number, written?: () => void): void {
    let most = LEAST_AT_ONCE;
    const tell = (): void => {
      const begun = monotonicMs();
      const piece = this.#plane?.moreOfReport(most) ?? null;
      this.#primary.send({ kind: 'reported', question, piece }, piece === null ? written : undefined);
      if (piece === null) return;
      const ms = monotonicMs() - begun;
      // Code that has not run for a while is slow at first.
      if (ms < PIECE_MS / 2) most *= 2;
      else if (ms > PIECE_MS) most = Math.max(LEAST_AT_ONCE, most >> 1);
      setImmediate(tell);
    };
    tell();
  }

  async #answer(question: number, query: WorkerQuery): Promise<void> {
    const answer = await this.#plane?.answer(query).catch(() => null);
    this.#primary.send({ kind: 'answer', question, answer: answer ?? null });
  }

  /** One piece at a turn: requests go on in between. */
  #tellServers(question: number, asked: string | null): void {
    const pieces = this.#plane?.servers(asked);
    const tell = (): void => {
      const { value: upstreams = [], done = true } = pieces?.next() ?? {};
      if (done || upstreams.length > 0)
        this.#primary.send({ kind: 'servers', question, asked, more: !done, upstreams });
      if (!done) setImmediate(tell);
    };
    tell();
  }

  #table({ sequence, more, whole, onDraft, changes }: ToWorker & { readonly kind: 'table' }): void {
    if (more || this.#staged.length > 0) for (const change of changes) this.#staged.push(change);
    if (more) return;
    const all = this.#staged.length > 0 ? this.#staged : changes;
    this.#staged = [];
    this.#plane?.apply(all, whole, onDraft);
    this.#primary.send({ kind: 'applied', sequence });
  }

  /** Begins with the table of an image; false where there is none. */
  #begin(image: FirstImage): boolean {
    const changes = this.#readTable(image);
    if (changes === null) return false;
    this.#plane?.apply(changes, true);
    if (image.listens) {
      this.#listening = this.#plane?.listen();
      // It is told when the primary says that it is to listen.
      this.#listening?.catch(() => undefined);
    }
    return true;
  }

  async #listen(): Promise<void> {
    try {
      await (this.#listening ??= this.#plane?.listen());
      this.#primary.send({ kind: 'listening' });
    } catch (error) {
      this.#primary.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Of no question: those begin with 1. */
const UNASKED = 0;
/** What the last words to a primary may take: one that hangs keeps nobody. */
export const LAST_WORD_MS = 1000;
/** Things that are told at once at the least, and how long a piece is to take at most. */
const LEAST_AT_ONCE = 8;
const PIECE_MS = 0.4;
