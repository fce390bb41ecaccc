/** Whether a connection could not be dialled for want of something of our own, which says nothing about its server. */
export function isExhaustion(error: Error | null): boolean {
  return error !== null && 'code' in error && EXHAUSTED.has(String(error.code));
}

/** Files of the process, of this system, local ports, memory for sockets (socket(2), connect(2)). */
const EXHAUSTED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);
