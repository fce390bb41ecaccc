import { FIRST_SOCKET_FD, serveOwnProcess } from '../lib/cluster/own-process.ts';
import { Containment } from '../lib/core/containment.ts';
import { createLog } from '../lib/core/log.ts';
import { takeOwnSlice } from '../lib/core/own-slice.ts';
import { saveCompiledCode } from './compiled-code.ts';
import { readFirstTable } from './first-table.ts';
import { createPlane } from './plane.ts';
import { boundPatterns, spaceCollections } from './runtime-flags.ts';

boundPatterns();
spaceCollections();

let onListening = (): void => undefined;

/** A worker process; `serve.ts` starts it. */
const worker = serveOwnProcess(
  (start, tell, together) => {
    const listeners = start.listen.map((address, i) => ({ address, handle: { fd: FIRST_SOCKET_FD + i } }));
    const log = createLog(start.setup.logLevel);
    // One that stands by is not to be in the way of those that serve.
    onListening = () => {
      takeOwnSlice(start.setup.ownSlice, log);
      saveCompiledCode();
    };
    return createPlane(start, listeners, log, tell, together);
  },
  readFirstTable,
  () => onListening(),
);

new Containment({ log: createLog('error'), giveUp: () => void worker.drain() }).watch(process);
