import type { TableChange } from '../change.ts';
import type { Table } from '../table.ts';
import type { Draft } from './draft.ts';
import type { Member } from './member.ts';
import type { PrimaryOptions } from './primary-options.ts';

/**
 * What makes the first whole table out of what a worker has: that of the image it has begun with, or a draft; from then on it is as all
 * others. Null: it has nothing. One whose image could not be read here is ended: nobody knows what it has.
 */
export function firstNews(
  member: Member,
  table: Table,
  { imageTable, log }: PrimaryOptions,
  draft: Draft,
): { readonly changes: readonly TableChange[]; readonly drafted?: number } | null {
  if (!member.hasImage) return draft.newsFor(member, table);
  member.hasImage = false;
  const begun = imageTable?.() ?? null;
  if (begun !== null) {
    const changes = table.since(begun);
    log.info({ worker: member.link.pid, changes: changes.length }, 'worker has begun with the snapshot');
    return { changes };
  }
  log.error({ worker: member.link.pid }, 'worker has read a snapshot that this process could not read');
  member.link.kill();
  return { changes: [] };
}
