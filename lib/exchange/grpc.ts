import { Fault } from '../core/faults.ts';

/** Whether a media type is that of gRPC itself, not of gRPC-Web. */
export function isGrpcType(type: string): boolean {
  return (
    type.startsWith(GRPC) && (type.length === GRPC.length || type[GRPC.length] === '+' || type[GRPC.length] === ';')
  );
}

/**
 * The status of gRPC that says what a reply of ours says in HTTP ("HTTP to gRPC Status Code Mapping" of the gRPC project), but
 * where we know better: that a deadline has passed, and that something is too large.
 */
export function grpcStatus(httpStatus: number, fault: number): number {
  if (fault === Fault.REQUEST_TIMEOUT || fault === Fault.SERVER_TIMEOUT) return DEADLINE_EXCEEDED;
  return STATUSES.get(httpStatus) ?? UNKNOWN;
}

/** A text for `grpc-message`: percent-encoded where it is not printable ASCII, or `%`. */
export function grpcMessage(text: string): string {
  let message = '';
  for (const byte of Buffer.from(text)) {
    message +=
      byte < 0x20 || byte > 0x7e || byte === PERCENT
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte);
  }
  return message;
}

/**
 * How long a request may take that may take `requestMs`, 0 for any time, where the head that is sent to a server says `grpc-timeout`;
 * in milliseconds. A little more than that, because the client knows best when its own time is over.
 */
export function boundByCall(requestMs: number, head: string): number {
  const found = TIMEOUT.exec(head);
  if (found === null) return requestMs;
  const unit = UNITS.get(found[2] ?? '') ?? 0;
  const callMs = Math.ceil(Number(found[1]) * unit) + GRACE_MS;
  return requestMs === 0 ? callMs : Math.min(callMs, requestMs);
}

const GRPC = 'application/grpc';
const PERCENT = 0x25;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const STATUSES: ReadonlyMap<number, number> = new Map([
  [200, 0],
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [413, 8],
  [429, 14],
  [431, 8],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 14],
]);
const TIMEOUT = /\r\ngrpc-timeout: ?(\d{1,8})([HMSmun])\r\n/i;
const UNITS: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1000],
  ['m', 1],
  ['u', 0.001],
  ['n', 0.000001],
]);
const GRACE_MS = 100;
