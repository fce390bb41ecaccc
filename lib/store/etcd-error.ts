/**
 * What went wrong with etcd, as an operator wants to read it: without the name of the error's class (etcd3), the status of gRPC, and a note on
 * how a name was resolved that says nothing.
 *
 *     14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.1:2379. Resolution note:
 *     No connection established. Last error: connect ECONNREFUSED 10.0.0.1:2379
 */
export function etcdErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message
    .replace(/^\w*Error: /, '')
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace('Last error: Error: ', 'Last error: ')
    .replace(/\. Resolution note: $/, '');
}
