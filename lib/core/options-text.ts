import { OPTIONS } from './options.ts';
import type { Option } from './option.ts';

/** What `elb --help` prints. */
export function helpText(): string {
  const lines = ['Usage: elb [options]', '', 'HTTP balancer whose routing is a graph, kept in etcd or in one file.'];
  for (const [group, options] of groups()) {
    lines.push('', `${group}:`);
    for (const option of options) {
      const names = [flagOf(option), ...option.env].filter((name) => name !== null);
      const fallback = option.fallback === null ? '' : ` (default ${option.fallback})`;
      lines.push(`  ${names.join(', ')}`, `        ${option.help}${fallback}`);
    }
  }
  lines.push('', 'Other:', '  -h, --help', '        this text', '  -v, --version', '        the version', '');
  lines.push('Lists are separated by commas; flags with lists may be repeated. A flag beats the environment.');
  lines.push('SIGTERM, SIGINT: finish the requests under way, then end. SIGHUP: read the configuration again.');
  lines.push('SIGUSR2: replace the program by the one that is installed now, without losing a request.', '');
  return lines.join('\n');
}

/** docs/options.md; `test/core/options.test.ts` fails when the file differs. */
export function optionsMarkdown(): string {
  const lines = [
    '# Options',
    '',
    'Generated from `lib/core/options.ts` by `node scripts/write-options.ts`. A flag beats the environment; among several variables of one',
    'row the first that is set counts; an empty variable counts as unset. Lists are separated by commas.',
    'Times: `500ms`, `30s`, `5m`, `1h`. Sizes: `512`, `64k`, `50m`.',
  ];
  for (const [group, options] of groups()) {
    const rows = options.map((option) => [
      code(flagOf(option)),
      option.env.map(code).join(', '),
      code(option.fallback),
      option.help,
    ]);
    lines.push('', `## ${group}`, '', ...table(['flag', 'environment', 'default', 'what'], rows));
  }
  lines.push('');
  return lines.join('\n');
}

function groups(): ReadonlyMap<string, readonly Option<unknown>[]> {
  return Map.groupBy<string, Option<unknown>>(Object.values(OPTIONS), (option) => option.group);
}

function code(text: string | null): string {
  return text === null ? '' : `\`${text}\``;
}

/** Columns of equal width, as the formatter of this repository leaves them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function flagOf(option: Option<unknown>): string | null {
  return option.flag === null ? null : `--${option.flag} ${option.kind.placeholder}`;
}
