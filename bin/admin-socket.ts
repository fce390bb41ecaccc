import { join } from 'node:path';
import type { Supervision } from '../lib/supervisor/supervision.ts';

/** Where workers find the admin API of the primary that serves. */
export function adminSocketOf({ directory }: Supervision): string {
  return join(directory, 'admin.sock');
}
