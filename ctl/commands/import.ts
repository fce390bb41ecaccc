import { oneOf } from '../../lib/core/option-kinds.ts';
import { defineCommand } from '../command.ts';
import { mergedDocuments, readFileText } from '../documents.ts';
import { EXIT } from '../exit-codes.ts';
import { FORMS, imported } from '../imported.ts';
import { called, rest, toggle, usual } from '../inputs.ts';
import { makeChange } from '../make-change.ts';
import { yamlText } from '../screen.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

/** Takes over configurations of other forms. */
export const importCommand = defineCommand({
  name: 'import',
  summary: 'Take over upstreams of nginx, or documents in another form',
  description: `Reads \`upstream\` blocks of an nginx configuration (servers, parameters, and the way of balancing as options), files of a file store, or answers of
\`GET /__erulb__/domain\` and \`GET /__erulb__/upstream\`, those of the predecessor among them. Then it does what \`elbctl apply\` does; with --print it
only writes what it has read, as a file store has it.`,
  positionals: { files: rest('FILE', 'what is read; `-`: standard input', 'file') },
  flags: {
    from: usual(called('FORM', oneOf(FORMS)), 'auto', '`elb`, `nginx`, or `auto`: by what is in the file', {
      completes: FORMS,
    }),
    print: toggle('write what was read and change nothing'),
    lenient: toggle('leave out what ELB has no counterpart for, and tell it'),
    ...CHANGE_FLAGS,
  },
  examples: [
    { line: 'elbctl import /etc/nginx/nginx.conf --print > upstreams.yaml', does: 'upstreams of nginx as a file' },
    { line: 'curl -s http://old:8080/__erulb__/domain | elbctl import -', does: 'domains of another instance' },
  ],
  async run(session, { files }, flags) {
    const read = [];
    for (const file of files) {
      const { documents, notes } = imported(file, await readFileText(session, file), flags.from, flags.lenient);
      read.push([file, documents] as const);
      for (const note of notes) session.screen.note(note);
    }
    const body = mergedDocuments(read);
    if (flags.print) {
      session.screen.show(body, () => yamlText(body));
      return EXIT.ok;
    }
    const call = { method: 'PUT', resource: 'document', body } as const;
    return makeChange(session, { call, tagOf: 'document', question: 'Apply?' }, flags);
  },
});
