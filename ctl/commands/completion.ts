import { oneOf } from '../../lib/core/option-kinds.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { argument, called } from '../inputs.ts';
import { SHELL_SCRIPTS, SHELLS } from '../shell-scripts.ts';

/** Writes what a shell needs to complete command lines. */
export const completion = defineCommand({
  name: 'completion',
  summary: 'Write what a shell needs to complete command lines',
  description:
    'Commands, options, and the names of domains, upstreams, servers and transactions that are there: these are asked of the instance of ELB_URL, with ELB_ADMIN_TOKEN.',
  positionals: { shell: argument(called('SHELL', oneOf(SHELLS)), '`bash`, `zsh` or `fish`', SHELLS) },
  flags: {},
  examples: [
    { line: 'source <(elbctl completion bash)', does: 'for this bash; in ~/.bashrc for every one' },
    { line: 'elbctl completion zsh > "${fpath[1]}/_elbctl"', does: 'for every zsh' },
    { line: 'elbctl completion fish > ~/.config/fish/completions/elbctl.fish', does: 'for every fish' },
  ],
  async run({ screen }, { shell }) {
    screen.write(SHELL_SCRIPTS[shell]);
    return EXIT.ok;
  },
});
