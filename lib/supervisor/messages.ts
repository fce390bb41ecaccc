import type { ListenAddress, ListenerView } from '../core/listener.ts';

/** Grows when an old supervisor and a new primary would not understand each other. */
export const PROTOCOL = 1;

/** A value that one primary leaves to the next. It travels as JSON, which every version of the runtime understands. */
export interface Kept {
  /** Whose it is: `overlays`, ... */
  readonly section: string;
  readonly key: string;
  /** null: forgotten. */
  readonly value: unknown;
}

/** What became of primaries and upgrades since the program was started; times in milliseconds since the epoch. */
export interface History {
  readonly startedAt: number;
  /** Primaries that ended by themselves and were replaced. */
  readonly crashes: number;
  readonly lastCrash: { readonly at: number; readonly reason: string } | null;
  readonly upgrades: number;
  /** `reason`: why the former program stayed; null where the new one took over. */
  readonly lastUpgrade: { readonly at: number; readonly reason: string | null } | null;
}

/** From the supervisor to a primary. */
export type FromSupervisor =
  /** The first message. */
  | {
      readonly kind: 'begin';
      readonly protocol: number;
      /** Grows with every primary that is started. */
      readonly generation: number;
      /** Only this user may look into it; it is gone when the program is. */
      readonly directory: string;
      /** Addresses in use, in the order of the sockets the primary was given. */
      readonly listen: readonly ListenAddress[];
      /** Those that are asked for, with what has become of them. */
      readonly listeners: readonly ListenerView[];
      /** Others serve already, and go on until this one does: it has time until it knows everything. */
      readonly succeeds: boolean;
      readonly kept: readonly Kept[];
      readonly history: History;
    }
  /** The workers may listen. */
  | { readonly kind: 'serve' }
  /** A socket to listen on as well; it comes with the message. */
  | { readonly kind: 'listen'; readonly address: ListenAddress }
  /** One to listen on no more. */
  | { readonly kind: 'unlisten'; readonly address: ListenAddress }
  | { readonly kind: 'listeners'; readonly listeners: readonly ListenerView[] }
  /** Another primary, which still serves, has kept this meanwhile. */
  | { readonly kind: 'kept'; readonly kept: Kept }
  | { readonly kind: 'history'; readonly history: History }
  | { readonly kind: 'reread' }
  /** `succeeded`: another primary serves from now on. */
  | { readonly kind: 'drain'; readonly succeeded: boolean };

/** From a primary to the supervisor. */
export type ToSupervisor =
  /** The program runs. */
  | { readonly kind: 'begun' }
  /** Everything is known and every worker stands by. */
  | { readonly kind: 'prepared' }
  /** Every worker listens. */
  | { readonly kind: 'serving' }
  /** For the next primary. */
  | { readonly kind: 'keep'; readonly kept: Kept }
  /** Its worker processes are these from now on. */
  | { readonly kind: 'workers'; readonly pids: readonly number[] }
  /** Why it ends now. */
  | { readonly kind: 'failed'; readonly message: string };
