import { EXIT } from '../exit-codes.ts';
import { defineCommand } from '../command.ts';
import { Failure } from '../failure.ts';
import { makeChange } from '../make-change.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

const { 'dry-run': dryRun, yes, wait } = CHANGE_FLAGS;

/** Writes the memory of an instance to the store. */
export const dump = defineCommand({
  name: 'dump',
  summary: 'Write the memory of an instance to the store',
  description:
    'What was changed with --memory, or by calls of the admin API without `store=1`, is in the store then, too, and at all instances.',
  positionals: {},
  flags: { 'dry-run': dryRun, yes, wait },
  examples: [{ line: 'elbctl dump', does: 'keeps what was changed in memory' }],
  async run(session, _, flags) {
    if (!(await session.api()).hasMemory) {
      throw new Failure(EXIT.usage, 'a dump needs an instance, and --etcd works without one', {
        next: 'every change made with --etcd is in the store already',
      });
    }
    const call = { method: 'PUT', resource: 'dump' } as const;
    const terms = { ...flags, memory: false };
    return makeChange(session, { call, tagOf: 'document', question: null, isPlaced: true }, terms);
  },
});
