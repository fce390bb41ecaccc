import type { TableChange } from '../change.ts';
import type { Table } from '../table.ts';
import type { Member } from './member.ts';
import type { PrimaryOptions } from './primary-options.ts';

/**
 * What makes the table out of that of a worker which has begun with an image; from then on it is as all others. One whose image could
 * not be read here is ended: nobody knows what it has.
 */
export function newsOfImage(member: Member, table: Table, { imageTable, log }: PrimaryOptions): readonly TableChange[] {
  member.hasImage = false;
  const begun = imageTable?.() ?? null;
  if (begun !== null) {
    const changes = table.since(begun);
    log.info({ worker: member.link.pid, changes: changes.length }, 'worker has begun with the snapshot');
    return changes;
  }
  log.error({ worker: member.link.pid }, 'worker has read a snapshot that this process could not read');
  member.link.kill();
  return [];
}
