import { faultOf } from '../core/faults.ts';
import { dateLine } from '../http/date.ts';
import { reasonOf } from '../http/reason.ts';
import { grpcMessage, grpcStatus } from './grpc.ts';
import type { Connection } from '../net/connection.ts';
import type { Answer } from '../routing/plan.ts';
import { KnownBody } from '../routing/known-body.ts';
import { keptLines, linesFor, type ReplyEdit } from '../routing/reply-edit.ts';

/** A reply of our own, whole, as text: what the graph answers, or else a fault. See `ownReply`. */
export function encodeOwn({ fault, answer, edit, retryAfterS, tries }: Own, keepAlive: boolean, form: number): string {
  if (form === Form.GRPC) return grpcReply(fault, answer);
  const own = answer ?? faultAnswer(fault, retryAfterS);
  if (own.status === 0) return '';
  const { status, lines, body } = edit === null ? own : editedAnswer(own, edit, tries);
  return wholeReply(status, lines, body, keepAlive, form === Form.HEAD);
}

/** What ELB answers by itself. */
export interface Own {
  /** A code of `Fault`; 0 with an answer. */
  readonly fault: number;
  readonly answer: Answer | null;
  /** What the graph changes in it. */
  readonly edit: ReplyEdit | null;
  /** When to come again at the earliest, in seconds; 0: not known. */
  readonly retryAfterS: number;
  /** How often a server was asked before. */
  readonly tries: number;
}

/** Writes a reply of ours whole: on a stream its end may be the end of its head. */
export function sendOwn(connection: Connection, reply: string): void {
  if (connection.stream === null) connection.writeText(reply);
  else connection.stream.finish(reply, '');
}

/** In which form a client is answered that has asked by this method. */
export function formOf(method: string, client: { readonly isGrpc: boolean } | null): number {
  if (client !== null && client.isGrpc) return Form.GRPC;
  return method === 'HEAD' ? Form.HEAD : Form.WHOLE;
}

/** An answer as other nodes of the graph have changed its head. */
function editedAnswer({ status, lines, body }: Answer, edit: ReplyEdit, tries: number): Answer {
  const reply = {
    status,
    tries,
    get: (lowerName: string) => valueIn(lines, lowerName),
    body: new KnownBody(Buffer.from(body, 'latin1')),
  };
  return { status, lines: keptLines(lines, edit.drop) + linesFor(edit, reply), body };
}

/** All values of a field in whole lines, joined by ", ", or null. */
function valueIn(lines: string, lowerName: string): string | null {
  const values = lines
    .split('\r\n')
    .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === lowerName)
    .map((line) => line.slice(lowerName.length + 1).trim());
  return values.length === 0 ? null : values.join(', ');
}

/**
 * A reply of our own to a fault, whole, as text; empty where the fault's rule is to close without a word.
 * `withoutBody`: the request was a HEAD, so only the length of the body is told (RFC 9110 9.3.2).
 */
export function ownReply(fault: number, keepAlive: boolean, withoutBody: boolean): string {
  const { status, lines, body } = faultAnswer(fault, 0);
  return status === 0 ? '' : wholeReply(status, lines, body, keepAlive, withoutBody);
}

/** What is answered to a fault; with the status 0 nothing is. */
function faultAnswer(fault: number, retryAfterS: number): Answer {
  const { status, text } = faultOf(fault);
  const retry =
    status === UNAVAILABLE || status === TOO_MANY
      ? `Retry-After: ${Math.max(1, retryAfterS) + Math.floor(Math.random() * RETRY_SPREAD_SECONDS)}\r\n`
      : '';
  return { status, lines: `Content-Type: text/plain\r\n${retry}`, body: `${status} ${reasonOf(status)}: ${text}\n` };
}

function wholeReply(status: number, lines: string, body: string, keepAlive: boolean, withoutBody: boolean): string {
  // RFC 9110 8.6: these have no body, and no length of one.
  const length = status === NO_CONTENT || status === NOT_MODIFIED ? '' : `Content-Length: ${body.length}\r\n`;
  return (
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${dateLine()}${lines}${length}` +
    `${keepAlive ? '' : 'Connection: close\r\n'}\r\n${withoutBody ? '' : body}`
  );
}

/** A reply that is all head, which clients of gRPC read as the outcome of their call; empty as for `ownReply`. */
function grpcReply(fault: number, answer: Answer | null): string {
  const { status, text } = answer === null ? faultOf(fault) : { status: answer.status, text: reasonOf(answer.status) };
  if (status === 0) return '';
  return (
    `HTTP/1.1 200 OK\r\n${dateLine()}Content-Type: application/grpc\r\n` +
    `grpc-status: ${grpcStatus(status, fault)}\r\ngrpc-message: ${grpcMessage(text)}\r\n\r\n`
  );
}

const Form = { WHOLE: 0, HEAD: 1, GRPC: 2 } as const;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const UNAVAILABLE = 503;
const TOO_MANY = 429;
/** Those who are told to come again do not come all at once. */
const RETRY_SPREAD_SECONDS = 3;
