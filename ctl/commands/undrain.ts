import { text as anyText } from '../../lib/core/option-kinds.ts';
import { defineCommand } from '../command.ts';
import { argument, called, setting } from '../inputs.ts';
import { changeWords } from '../server-words.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

/** Takes a server into use again. */
export const undrain = defineCommand({
  name: 'undrain',
  summary: 'Take a server into use again that was drained',
  description: 'Removes the parameter `drain` of a server in every upstream that has it.',
  positionals: {
    server: argument(called('SERVER', anyText), 'the server, as its upstream names it: `10.0.0.1:80`', 'server'),
  },
  flags: {
    upstream: setting(called('NAME', anyText), 'only in this upstream', { completes: 'upstream' }),
    ...CHANGE_FLAGS,
  },
  examples: [{ line: 'elbctl undrain 10.0.0.1:80', does: 'after the work' }],
  run: (session, { server }, flags) =>
    changeWords(
      session,
      { server, upstream: flags.upstream, change: (words) => words.filter((word) => word !== 'drain') },
      flags,
    ),
});
