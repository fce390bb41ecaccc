import type { ConnectionOptions } from 'node:tls';
import type { ForwardProxy } from '../net/tunnel-socket.ts';

/** Where a check goes: a server, or another port of its address. */
export interface CheckPlace {
  /** Address to connect to, or `unix:/path`. */
  readonly host: string;
  readonly port: number;
  /** The server's name as its document says it, without the port: default of Host and of the name a certificate is for. */
  readonly name: string;
  /** What connections to it go through; none if it is not there. */
  readonly via?: ForwardProxy | null;
}

/** Options of TLS for whoever dials; null: plain. Made once for each checked address. */
export type CheckTls = ConnectionOptions | null;

/** What a check has found. */
export const Verdict = {
  PASS: 1,
  FAIL: 2,
  /** It says nothing: the state stays as it is, and no streak is broken. */
  NONE: 3,
} as const;

export interface CheckOwner {
  /** Told once for each `begin`, in a later turn, unless `abandon` comes first. `reason`: a few words for an operator. */
  onChecked(verdict: number, reason: string): void;
}

/**
 * The checking of one address in one way: made once, begun again and again. What it can keep from one time to the next, such
 * as a connection, it keeps. It keeps no time: its owner abandons what takes too long.
 */
export interface Check {
  begin(owner: CheckOwner): void;
  /** Ends a check under way; its owner hears nothing more of it. */
  abandon(): void;
  /** Lets go of everything it has kept. */
  close(): void;
}

/** How many connections checks may keep, all together: what is beyond it is dialled each time. */
export class KeptLines {
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether one more may be kept; `give` follows when it is not any more. */
  take(): boolean {
    if (this.#count >= this.#most) return false;
    this.#count++;
    return true;
  }

  give(): void {
    this.#count--;
  }
}

/** What a lost connection says of its server: nothing if it is this machine that lacks something. */
export function verdictOf(reason: string): number {
  return OURS.has(reason) ? Verdict.NONE : Verdict.FAIL;
}

/** No descriptors, no ports, no memory. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

/** What a connection failed for, in the words used for all checks. */
export function reasonOf(error: Error | null): string {
  if (error === null) return 'closed';
  // Connections of ours have the code as their message.
  const code = 'code' in error ? String(error.code) : error.message;
  return REASONS.get(code) ?? (code.startsWith('ERR_TLS') || isOfTls(code) ? `TLS: ${code}` : code);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ETIMEDOUT', 'timed out'],
  ['EHOSTUNREACH', 'no route'],
  ['ENETUNREACH', 'no route'],
]);

/** Codes of OpenSSL's verification and of its library. */
function isOfTls(code: string): boolean {
  return /^(?:ERR_SSL|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_)/.test(code);
}
