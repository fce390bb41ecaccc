import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StartWorker } from '../lib/cluster/link.ts';
import { LIFELINE_FD, ownProcess } from '../lib/cluster/own-process.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import type { StandingBack } from '../lib/core/standing-back.ts';
import { WORKER_FLAGS, runtimeEnv } from './runtime-flags.ts';

/** Workers as processes, which inherit the sockets and the lifeline of this one. */
export function workerProcess(supervision: Supervision, standing: StandingBack): StartWorker {
  // The published package holds JavaScript, the repository TypeScript.
  const program = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  const sockets = () => supervision.sockets;
  return ownProcess({
    program,
    execArgv: WORKER_FLAGS,
    env: runtimeEnv(process.env),
    sockets,
    start: (start) => standing.start(start),
    lifeline: LIFELINE_FD,
  });
}
