/** One call of the admin API. */
export interface ApiCall {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** `domain`, `status`, ... */
  readonly resource: string;
  /** Parameters; null and undefined: left out. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
  /** Entity tag that has to hold. */
  readonly ifMatch?: string | null;
  /** How much longer than usual the answer may take, in milliseconds. */
  readonly patienceMs?: number;
}

export type QueryValue = string | number | boolean | null | undefined | readonly string[];

export interface ApiAnswer {
  /** Parsed JSON; null for HEAD. */
  readonly body: unknown;
  /** Entity tag of what is shown. */
  readonly tag: string | null;
  /** Of the store, that the answer speaks of. */
  readonly revision: number | null;
}

/** Whoever answers the admin API: an instance over HTTP, or the store itself with the instance's own code before it. */
export interface Api {
  /** For people: `http://127.0.0.1:8080`. */
  readonly label: string;
  /** Whether there is a memory beside the store, so that a change may be made there only. */
  readonly hasMemory: boolean;
  /** Throws Failure for every answer but success. */
  call(call: ApiCall): Promise<ApiAnswer>;
  close(): Promise<void>;
}
