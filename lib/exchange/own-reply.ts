import { faultOf } from '../core/faults.ts';
import { dateLine } from '../http/date.ts';
import { reasonOf } from '../http/reason.ts';

/**
 * A reply of our own to a fault, whole, as text; empty where the fault's rule is to close without a word.
 * `withoutBody`: the request was a HEAD, so only the length of the body is told (RFC 9110 9.3.2).
 */
export function ownReply(fault: number, keepAlive: boolean, withoutBody: boolean): string {
  const { status, text } = faultOf(fault);
  if (status === 0) return '';
  const reason = reasonOf(status);
  const body = `${status} ${reason}: ${text}\n`;
  const retry =
    status === UNAVAILABLE || status === TOO_MANY
      ? `Retry-After: ${1 + Math.floor(Math.random() * RETRY_SPREAD_SECONDS)}\r\n`
      : '';
  const connection = keepAlive ? '' : 'Connection: close\r\n';
  return (
    `HTTP/1.1 ${status} ${reason}\r\n${dateLine()}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
    `${retry}${connection}\r\n${withoutBody ? '' : body}`
  );
}

const UNAVAILABLE = 503;
const TOO_MANY = 429;
/** Those who are told to come again do not come all at once. */
const RETRY_SPREAD_SECONDS = 3;
