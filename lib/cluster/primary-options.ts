import type { Log } from '../core/log.ts';
import type { Table } from '../table.ts';
import type { ReportPiece, WorkerReport } from '../stats/report.ts';
import type { HealthNews, WorkerSightings } from '../upstream/server-health.ts';
import type { ServersPiece } from '../upstream/server-report.ts';
import type { StartWorker } from './link.ts';
import type { FirstImage, WorkerSetup } from './messages.ts';

/** What a primary needs to keep its workers, and whom it tells of what they say. */
export interface PrimaryOptions {
  readonly workers: number;
  readonly startWorker: StartWorker;
  readonly setup: WorkerSetup;
  readonly log: Log;
  /** Workers that are started first and may listen before the others are there; missing: all. */
  readonly first?: number;
  /** What workers that are started before the first whole table begin with; missing: nothing. */
  readonly image?: FirstImage | null;
  /** The table of workers that have begun with that image; null: it could not be read here. */
  readonly imageTable?: () => Table | null;
  /** Workers that stand by; 0 where a worker costs nothing to start. */
  readonly spares: number;
  /** Told of the worker processes there are, whenever they change. */
  readonly onWorkers?: (pids: readonly number[]) => void;
  /** Told what workers report, and that they are gone; each worker has a number of its own. */
  readonly reports?: {
    took(worker: number, report: WorkerReport): void;
    tookPiece(piece: ReportPiece): void;
    gone(worker: number): void;
  };
  /** Told what workers have to say of their servers, and that they are gone. */
  readonly servers?: { took(worker: number, piece: ServersPiece): void; gone(worker: number): void };
  /** What goes between workers about the health of servers: what one has seen, what one that starts is to know. */
  readonly health?: { took(worker: number, sightings: WorkerSightings): void; whole(): HealthNews };
  /** What a worker may take to apply a message, beside a millisecond for each change in it; then it is replaced. */
  readonly applyMs?: number;
}

export const BOUNDS = {
  applyMs: 5000,
  /** From a worker's birth until its hello. */
  startMs: 60_000,
  /** What a worker may take beyond the drain bound it keeps itself. */
  drainGraceMs: 2000,
} as const;
