import type { ServerOptions } from 'node:http2';
import type { HeadLimits } from '../http/head.ts';

/** Bounds of a client's session. */
export interface SessionLimits extends HeadLimits {
  /** Most streams at once. */
  readonly maxStreams: number;
}

/**
 * What Node, and nghttp2 below it, allow a client's session. Node counts pseudo-fields and each part of a cookie as a field; what is
 * left once they are put together is bounded by `maxFields` again.
 */
export function sessionOptions({ maxHeadBytes, maxFields, maxStreams }: SessionLimits): ServerOptions {
  return {
    settings: { enableConnectProtocol: true, maxConcurrentStreams: maxStreams, maxHeaderListSize: maxHeadBytes },
    maxHeaderListPairs: maxFields + MAX_CRUMBS,
    maxSessionMemory: SESSION_MEGABYTES,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // `ClientSession` counts what is taken back, and against what was of use; these stand below it.
    streamResetBurst: 1000,
    streamResetRate: 200,
    // RFC 9110 5.3: what a field may not be there twice is for its reader to say.
    strictSingleValueFields: false,
  };
}

/** Parts of cookies, and pseudo-fields. */
const MAX_CRUMBS = 64;
/** All streams at the bound of what waits in each of them. */
const SESSION_MEGABYTES = 32;
