import { text as anyText } from '../../lib/core/option-kinds.ts';
import { inner, isMembers, list, membersOf, text } from '../answer-shape.ts';
import type { Command } from '../command.ts';
import { defineCommand } from '../command.ts';
import { completeLine } from '../complete-line.ts';
import type { Names } from '../complete-line.ts';
import { EXIT } from '../exit-codes.ts';
import { argument, called } from '../inputs.ts';
import { SECTION_OF } from '../kinds.ts';
import type { Session } from '../session.ts';

/** Answers shells: what may stand next on a command line. `commands`: all there are. */
export function complete(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: '__complete',
    summary: 'Tell a shell what may stand next on a command line',
    description: 'One candidate in each line, behind a tab what it means; `:file` leaves it to the shell.',
    positionals: { line: argument(called('LINE', anyText), 'the command line before the cursor') },
    flags: {},
    examples: [],
    isHidden: true,
    async run(session, { line }) {
      const found = await completeLine(line, commands(), namesFrom(session));
      // What a shell is told is typed into a command line.
      const safe = found === 'file' ? [] : found.filter(({ value }) => /^[\w.:*@#=/~+-]+$/.test(value));
      const lines =
        found === 'file' ? [':file'] : safe.map(({ value, help }) => (help === '' ? value : `${value}\t${help}`));
      session.screen.write(lines.map((one) => `${one}\n`).join(''));
      return EXIT.ok;
    },
  });
}

/** Names that the instance knows; none where it does not answer, because nobody reads an error then. */
function namesFrom({ api }: Session): Names {
  return async (what) => {
    try {
      const asked = await api();
      if (what === 'transaction') {
        const { body } = await asked.call({ method: 'GET', resource: 'history' });
        return list(membersOf(body, 'history'), 'history').map((record) => text(record, 'id'));
      }
      if (what === 'cert') {
        const { body } = await asked.call({ method: 'GET', resource: 'cert' });
        return Object.keys(membersOf(body, 'certificates'));
      }
      const { body } = await asked.call({ method: 'GET', resource: 'document' });
      const documents = membersOf(body, 'documents');
      if (what !== 'server') return Object.keys(inner(documents, SECTION_OF[what === 'document' ? 'domain' : what]));
      const lists = Object.values(inner(documents, 'upstreams'));
      return [...new Set(lists.flatMap((servers) => (isMembers(servers) ? Object.keys(servers) : [])))];
    } catch {
      return [];
    }
  };
}
