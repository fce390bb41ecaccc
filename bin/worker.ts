import { FIRST_SOCKET_FD, serveOwnProcess } from '../lib/cluster/own-process.ts';
import { createLog } from '../lib/core/log.ts';
import { createPlane } from './plane.ts';

/** A worker process; `serve.ts` starts it. */
serveOwnProcess((start, tell) => {
  const listeners = start.listen.map((address, i) => ({ address, handle: { fd: FIRST_SOCKET_FD + i } }));
  return createPlane(start, listeners, createLog(start.setup.logLevel), tell);
});
