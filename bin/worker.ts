import { FIRST_SOCKET_FD, serveOwnProcess } from '../lib/cluster/own-process.ts';
import { Containment } from '../lib/core/containment.ts';
import { createLog } from '../lib/core/log.ts';
import { readFirstTable } from './first-table.ts';
import { createPlane } from './plane.ts';
import { boundPatterns } from './runtime-flags.ts';

boundPatterns();

/** A worker process; `serve.ts` starts it. */
const worker = serveOwnProcess((start, tell, together) => {
  const listeners = start.listen.map((address, i) => ({ address, handle: { fd: FIRST_SOCKET_FD + i } }));
  return createPlane(start, listeners, createLog(start.setup.logLevel), tell, together);
}, readFirstTable);

new Containment({ log: createLog('error'), giveUp: () => void worker.drain() }).watch(process);
