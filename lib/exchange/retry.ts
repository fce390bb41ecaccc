/** Whether doing it twice means the same as once (RFC 9110 9.2.2). Methods that are not known are not. */
export function idempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Whether a reply of this status is a failure of its server that another one may mend (spec 4). */
export function retriedStatus(status: number): boolean {
  return status === 500 || status === 504;
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
