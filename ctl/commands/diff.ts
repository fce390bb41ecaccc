import { defineCommand } from '../command.ts';
import { readDocuments } from '../documents.ts';
import { EXIT } from '../exit-codes.ts';
import { toggle } from '../inputs.ts';
import { changesOf, changesText, summaryOf } from '../item-changes.ts';
import { FILE_FLAGS } from '../shared-flags.ts';

/** Tells what files, or a dump, would change. */
export const diff = defineCommand({
  name: 'diff',
  summary: 'Tell what files, or a dump, would change',
  description: `With --file: what \`elbctl apply\` would change, with everything that is wrong. Without: what \`elbctl dump\` would change in the store, which is
what was changed in the memory of this instance only. Exit code 0: nothing differs; 1: something does.`,
  positionals: {},
  flags: {
    ...FILE_FLAGS,
    prune: toggle('what the sections in the files do not name counts as removed'),
  },
  examples: [
    { line: 'elbctl diff -f conf.d/ --prune', does: 'whether what is in force is what the files say' },
    { line: 'elbctl diff', does: 'what would be lost at a restart of this instance' },
  ],
  async run({ screen, api, ...session }, _, { file, prune }) {
    const what =
      file.length === 0
        ? { resource: 'dump' }
        : {
            resource: 'document',
            query: { replace: prune },
            body: await readDocuments({ screen, api, ...session }, file),
          };
    const { body } = await (await api()).call({ ...what, method: 'PUT', query: { ...what.query, dry_run: true } });
    const changes = changesOf(body);
    screen.show({ changes }, () =>
      changes.length === 0 ? 'nothing differs\n' : `${changesText(changes, screen.style)}${summaryOf(changes)}\n`,
    );
    return changes.length === 0 ? EXIT.ok : EXIT.no;
  },
});
