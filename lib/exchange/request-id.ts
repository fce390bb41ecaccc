import { randomFillSync } from 'node:crypto';
import type { Head } from '../http/head.ts';

/** The identity of a request: what a trusted proxy says in `X-Request-Id`, if it could be one, else 128 random bits in hex. */
export function requestId(head: Head, isTrusted: boolean): string {
  const said = isTrusted ? head.get('x-request-id') : null;
  return said !== null && SOUND.test(said) ? said : newId();
}

/** 128 random bits in hex. */
export function newId(): string {
  if (at === POOL_BYTES) {
    randomFillSync(pool);
    at = 0;
  }
  at += ID_BYTES;
  return pool.toString('hex', at - ID_BYTES, at);
}

/** What can stand in a log and in a field anywhere. */
const SOUND = /^[\w.:=+/@-]{1,128}$/;
const ID_BYTES = 16;
/** Randomness is fetched for many requests at once: a call costs more than the bytes. */
const POOL_BYTES = ID_BYTES * 256;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let at = POOL_BYTES;
