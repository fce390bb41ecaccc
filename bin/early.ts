import { startEarly, type EarlyWorkers } from '../lib/cluster/early-workers.ts';
import { StandingBack } from '../lib/core/standing-back.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import { isSupervised, supervised } from '../lib/supervisor/supervised.ts';
import { orExit } from './exit.ts';
import { workerProcess } from './worker-process.ts';

/** What a primary has before it has read its options. */
export interface Early {
  readonly supervision: Supervision;
  readonly workers: EarlyWorkers;
  readonly standing: StandingBack;
}

/** What a primary does first: it joins its supervisor, and starts a worker, of which there is one at least. Null: this process is none. */
export async function beginEarly(): Promise<Early | null> {
  if (!isSupervised()) return null;
  const supervision = await orExit(supervised());
  const standing = new StandingBack();
  return { supervision, workers: startEarly(workerProcess(supervision, standing)), standing };
}
