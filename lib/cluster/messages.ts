import type { TableChange } from '../change.ts';

/** From the primary to a worker. Changes of one message are applied in one turn of the worker's loop. */
export type ToWorker =
  /** `reset`: the table is emptied first (a new worker's first table). */
  | { readonly kind: 'table'; readonly sequence: number; readonly reset: boolean; readonly changes: readonly TableChange[] }
  | { readonly kind: 'drain' };

/** From a worker to the primary. */
export type ToPrimary =
  | { readonly kind: 'hello' }
  | { readonly kind: 'applied'; readonly sequence: number }
  /** Listening, with a table. */
  | { readonly kind: 'ready' };
