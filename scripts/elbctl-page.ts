// Writes docs/elbctl.md: the reference of elbctl, from its commands.
import { writeFileSync } from 'node:fs';
import type { Command } from '../ctl/command.ts';
import { commands } from '../ctl/commands/index.ts';
import { EXIT, EXIT_MEANINGS } from '../ctl/exit-codes.ts';
import type { Flags } from '../ctl/inputs.ts';
import { argumentOf } from '../ctl/program.ts';
import { GLOBAL_FLAGS } from '../ctl/shared-flags.ts';

/** docs/elbctl.md; `test/ctl/page.test.ts` fails when the file differs. */
export function elbctlPage(): string {
  const shown = commands.filter((command) => command.isHidden !== true);
  return `# elbctl

Written by \`node scripts/elbctl-page.ts\` from the files in \`ctl/\`.

Asks and changes running ELBs through their [admin API](api.md), or their store without one. Installed with \`elb\`; in a clone it is
\`npm run -s elbctl -- COMMAND\`.

## A first session

\`\`\`sh
export ELB_URL=http://127.0.0.1:8080            # that is the default
export ELB_ADMIN_TOKEN=...                      # where the instance wants one
source <(elbctl completion bash)

elbctl status                                   # is it well, what does it refuse, who waits for what
elbctl export > elb.yaml                        # everything that is configured
$EDITOR elb.yaml
elbctl diff -f elb.yaml                         # what would change, and all that is wrong
elbctl apply -f elb.yaml --wait                 # all of it or nothing; in force at every instance when it ends
elbctl explain shop.example.com/blog            # where does such a request go now, and why
elbctl rollback                                 # as it was before
\`\`\`

Work on a server, without a failed request:

\`\`\`sh
elbctl drain 10.0.0.1:80 --wait                 # no instance chooses it any more
elbctl stats servers --upstream web             # is anybody still there
elbctl undrain 10.0.0.1:80
\`\`\`

## How it changes things

Every change is looked at before it is made: what it would do is printed as a diff, with all problems if there are some. Then exactly that is
made, on the condition that nobody else has changed anything in between (exit code 7 if somebody has). In a terminal \`apply\`, \`import\`, \`delete\`
and \`rollback\` ask first; \`--yes\` does not, and neither is anybody asked where input or output is no terminal. \`--dry-run\` stops after the look.

Changes go to the store: in one transaction, with a record in the [history](config.md#history), and are in force in every worker of the
instance when the command ends. \`--memory\` changes the memory of the instance only, as a call of the admin API does by itself; \`elbctl diff\` tells
what that is, \`elbctl dump\` writes it to the store.

With \`--etcd\` there is no instance between: the program itself checks as an instance does, with the same code, and writes the same
transactions and records (\`elbctl USER@HOST\` is who made them). Running instances take the change up as they do any other. What only an
instance can know (\`explain\`, \`requests\`, \`stats\`, \`top\`, \`dump\`, \`--memory\`) is refused.

## Output

Tables for people, cut to the width of a terminal; \`-o json\` and \`-o yaml\` write what the API answers, for programs. Results are on standard
output, remarks and errors on standard error. Colours only in a terminal, and never where \`NO_COLOR\` is set. Control characters in what clients or
servers have sent are printed as escapes.

Errors are what is wrong, its problems with their places, and what to do about it.

| exit code | means |
| --- | --- |
${Object.entries(EXIT)
  .map(([name, code]) => `| ${String(code)} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |`)
  .join('\n')}

## Options of every command

${flagTable(GLOBAL_FLAGS)}

## Commands

| command | does |
| --- | --- |
${shown.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`).join('\n')}

${shown.map(sectionOf).join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/elbctl.md', import.meta.url), elbctlPage());

function sectionOf({ name, summary, description, positionals, flags, examples }: Command): string {
  const words = Object.values(positionals).map(argumentOf);
  const options = Object.keys(flags).length > 0 ? ['[options]'] : [];
  const parts = [
    `### ${name}`,
    `    elbctl ${[name, ...options, ...words].join(' ')}`,
    `${summary}. ${description.replace(/\s*\n\s*/g, ' ')}`,
  ];
  if (words.length > 0) {
    const rows = Object.values(positionals).map((one) => `| \`${argumentOf(one)}\` | ${one.help} |`);
    parts.push(['| argument | meaning |', '| --- | --- |', ...rows].join('\n'));
  }
  if (options.length > 0) parts.push(flagTable(flags));
  parts.push(`\`\`\`sh\n${examples.map(({ line, does }) => `${line}   # ${does}`).join('\n')}\n\`\`\``);
  return `${parts.join('\n\n')}\n`;
}

function flagTable(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { short, placeholder, fallback, help }]) => {
    const names = [...(short === null ? [] : [`-${short}`]), `--${name}`].join(', ');
    return `| \`${names}${placeholder === null ? '' : ` ${placeholder}`}\` | ${fallback === null ? '' : `\`${fallback}\``} | ${help.replaceAll('|', '\\|')} |`;
  });
  return ['| option | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
