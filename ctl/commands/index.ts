import type { Command } from '../command.ts';
import { apply } from './apply.ts';
import { complete } from './complete.ts';
import { completion } from './completion.ts';
import { deleteCommand } from './delete.ts';
import { diff } from './diff.ts';
import { drain } from './drain.ts';
import { dump } from './dump.ts';
import { explain } from './explain.ts';
import { exportCommand } from './export.ts';
import { fleet } from './fleet.ts';
import { get } from './get.ts';
import { history } from './history.ts';
import { importCommand } from './import.ts';
import { purge } from './purge.ts';
import { put } from './put.ts';
import { requests } from './requests.ts';
import { rollback } from './rollback.ts';
import { stats } from './stats.ts';
import { status } from './status.ts';
import { top } from './top.ts';
import { undrain } from './undrain.ts';
import { wait } from './wait.ts';

/** The commands of `elbctl`, in the order in which help and documents tell them. */
export const commands: readonly Command[] = [
  get,
  put,
  deleteCommand,
  apply,
  diff,
  exportCommand,
  importCommand,
  dump,
  history,
  rollback,
  drain,
  undrain,
  purge,
  explain,
  requests,
  stats,
  top,
  status,
  fleet,
  wait,
  completion,
  complete(() => commands),
];
