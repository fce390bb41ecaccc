import { text as anyText } from '../../lib/core/option-kinds.ts';
import { defineCommand } from '../command.ts';
import { argument, called, setting } from '../inputs.ts';
import { changeWords } from '../server-words.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

/** Takes a server out of use, gently. */
export const drain = defineCommand({
  name: 'drain',
  summary: 'Take a server out of use: it gets nothing new, and finishes what is under way',
  description:
    'Sets the parameter `drain` of a server in every upstream that has it. It gets no new requests but those of its sessions; what is under way ends as it would. `elbctl undrain` takes that back.',
  positionals: {
    server: argument(called('SERVER', anyText), 'the server, as its upstream names it: `10.0.0.1:80`', 'server'),
  },
  flags: {
    upstream: setting(called('NAME', anyText), 'only in this upstream', { completes: 'upstream' }),
    ...CHANGE_FLAGS,
  },
  examples: [
    {
      line: 'elbctl drain 10.0.0.1:80 --wait',
      does: 'before work on a server: when this ends, no instance chooses it any more',
    },
    { line: 'elbctl drain 10.0.0.1:80 --upstream web', does: 'in one upstream only' },
  ],
  run: (session, { server }, flags) =>
    changeWords(
      session,
      { server, upstream: flags.upstream, change: (words) => [...words.filter((word) => word !== 'drain'), 'drain'] },
      flags,
    ),
});
