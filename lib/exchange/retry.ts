import { RetryOn, type DeliveryPolicy } from '../core/delivery-policy.ts';
import { Fault, faultOf } from '../core/faults.ts';

/** Whether doing it twice means the same as once (RFC 9110 9.2.2). Methods that are not known are not. */
export function idempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Which bit of `RetryOn` a fault of a server is; 0 where no other server can mend it. */
export function conditionOf(fault: number): number {
  switch (fault) {
    case Fault.CONNECT_FAILED:
    case Fault.CONNECT_TIMEOUT:
    case Fault.STREAM_REFUSED:
      return RetryOn.CONNECT;
    case Fault.SERVER_CLOSED:
      return RetryOn.CLOSED;
    case Fault.SERVER_TIMEOUT:
      return RetryOn.TIMEOUT;
    default:
      return faultOf(fault).retry ? RetryOn.INVALID : 0;
  }
}

/**
 * How long to wait before a try, in milliseconds: anything up to a bound that doubles with each try ("full jitter", Brooker,
 * AWS Architecture Blog, 2015), so that clients of a server that failed do not come back at once. `tried`: tries so far, 1
 * before the second one; `random`: 0 to 1.
 */
export function backoff({ backoffMs, maxBackoffMs }: DeliveryPolicy, tried: number, random: number): number {
  if (backoffMs === 0) return 0;
  return Math.ceil(Math.min(backoffMs * 2 ** (tried - 1), Math.max(maxBackoffMs, backoffMs)) * random);
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
