import { readFileSync } from 'node:fs';
import type { Log } from '../core/log.ts';

/** How many clients an operator wants to let in, as far as there are file descriptors for them; 0: as many as there are. */
export function mostClients(wanted: number, log: Log): number {
  const possible = clientsByDescriptors();
  if (wanted <= possible) return wanted === 0 ? possible : wanted;
  log.warn({ wanted, possible }, 'too few file descriptors for max-connections');
  return possible;
}

/** Clients for whom a process has file descriptors: each may need a second one for its server. */
function clientsByDescriptors(): number {
  return Math.max(FEWEST_CLIENTS, Math.floor((descriptorLimit() - OWN_DESCRIPTORS) / 2));
}

/** How many files this process may have open; Node has raised it to the hard limit at its start. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  } catch {
    return USUAL_LIMIT;
  }
}

/** Listeners, the runtime's own files, statistics, the control plane. */
const OWN_DESCRIPTORS = 64;
const FEWEST_CLIENTS = 16;
/** Where the system does not say. */
const USUAL_LIMIT = 1024;
