import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';

const script = fileURLToPath(new URL('./python_client.py', import.meta.url));

describe("the predecessor's Python client", () => {
  let elbs: Elb[];

  before(async () => {
    elbs = await Promise.all([startElb(), startElb({ env: { ELB_WORKERS: '2' } })]);
  });

  after(() => Promise.all(elbs.map((elb) => elb.stop())));

  it('gets the answers it relies on', async () => {
    // Debian's own Python has Debian's python3-requests. Rejects, with the traceback, unless the script ends with 0.
    await promisify(execFile)('/usr/bin/python3', [script, ...elbs.map(({ port }) => `127.0.0.1:${String(port)}`)]);
  });
});
