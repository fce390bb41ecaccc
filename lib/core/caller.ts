/** A call to a program that is not a server of an upstream: it knows or decides something about requests. */
export interface Call {
  /** `http:` or `https:`, of the operator. */
  readonly url: string;
  readonly method: string;
  /** Names and values in turn; every character of a value is one byte. */
  readonly fields: readonly string[];
  readonly body: Buffer | string | null;
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number;
  /** Most bytes of the reply's body. */
  readonly maxBytes: number;
}

export interface CallReply {
  readonly status: number;
  /** Values by lower-case name, in their order; every character is one byte. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** Why a call has no reply. */
export class CallFailed extends Error {}

/** Makes calls; a worker has one of it. */
export interface Caller {
  /** Rejected with `CallFailed`, and with nothing else. Redirects are replies like others. */
  call(call: Call): Promise<CallReply>;
}

/** For checks of documents, where nothing is called. */
export const NO_CALLS: Caller = {
  call: () => Promise.reject(new CallFailed('nothing is called here')),
};
