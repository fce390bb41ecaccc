import type { Command } from '../command.ts';
import { apply } from './apply.ts';
import { deleteCommand } from './delete.ts';
import { diff } from './diff.ts';
import { dump } from './dump.ts';
import { exportCommand } from './export.ts';
import { get } from './get.ts';
import { fleet } from './fleet.ts';
import { history } from './history.ts';
import { put } from './put.ts';
import { rollback } from './rollback.ts';
import { status } from './status.ts';
import { wait } from './wait.ts';
import { drain } from './drain.ts';
import { undrain } from './undrain.ts';

/** The commands of `elbctl`, in the order in which help and documents tell them. */
export const commands: readonly Command[] = [
  get,
  put,
  deleteCommand,
  apply,
  diff,
  exportCommand,
  dump,
  history,
  rollback,
  drain,
  undrain,
  status,
  fleet,
  wait,
];
