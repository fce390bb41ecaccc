import { faultOf } from '../core/faults.ts';
import { dateLine } from '../http/date.ts';
import { reasonOf } from '../http/reason.ts';
import { keptLines, type Answer, type ReplyEdit } from '../routing/plan.ts';

/** A reply of our own, whole, as text: what the graph answers, or else a fault. See `ownReply`. */
export function encodeOwn(
  fault: number,
  answer: Answer | null,
  keepAlive: boolean,
  withoutBody: boolean,
  retryAfterS: number,
): string {
  if (answer === null) return ownReply(fault, keepAlive, withoutBody, retryAfterS);
  return wholeReply(answer.status, answer.lines, answer.body, keepAlive, withoutBody);
}

/** An answer as other nodes of the graph have changed its head. */
export function editedAnswer({ status, lines, body }: Answer, edit: ReplyEdit): Answer {
  return { status, lines: keptLines(lines, edit.drop) + edit.lines, body };
}

/**
 * A reply of our own to a fault, whole, as text; empty where the fault's rule is to close without a word.
 * `withoutBody`: the request was a HEAD, so only the length of the body is told (RFC 9110 9.3.2).
 * `retryAfterS`: when to come again at the earliest, in seconds; 0: not known.
 */
export function ownReply(fault: number, keepAlive: boolean, withoutBody: boolean, retryAfterS = 0): string {
  const { status, text } = faultOf(fault);
  if (status === 0) return '';
  const retry =
    status === UNAVAILABLE || status === TOO_MANY
      ? `Retry-After: ${Math.max(1, retryAfterS) + Math.floor(Math.random() * RETRY_SPREAD_SECONDS)}\r\n`
      : '';
  const body = `${status} ${reasonOf(status)}: ${text}\n`;
  return wholeReply(status, `Content-Type: text/plain\r\n${retry}`, body, keepAlive, withoutBody);
}

function wholeReply(status: number, lines: string, body: string, keepAlive: boolean, withoutBody: boolean): string {
  // RFC 9110 8.6: these have no body, and no length of one.
  const length = status === NO_CONTENT || status === NOT_MODIFIED ? '' : `Content-Length: ${body.length}\r\n`;
  return (
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${dateLine()}${lines}${length}` +
    `${keepAlive ? '' : 'Connection: close\r\n'}\r\n${withoutBody ? '' : body}`
  );
}

const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const UNAVAILABLE = 503;
const TOO_MANY = 429;
/** Those who are told to come again do not come all at once. */
const RETRY_SPREAD_SECONDS = 3;
