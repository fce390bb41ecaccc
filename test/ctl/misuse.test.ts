import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { commands } from '../../ctl/commands/index.ts';
import { Failure } from '../../ctl/failure.ts';
import { runProgram } from '../../ctl/program.ts';
import { Screen } from '../../ctl/screen.ts';
import { rules } from '../../rules/index.ts';

/** What a command line ends with that is wrong in itself: nobody can be asked here. */
async function failureOf(args: readonly string[]): Promise<string> {
  const { stdout, stderr, env } = process;
  try {
    await runProgram(args, {
      commands,
      version: '0',
      columns: 100,
      write: () => undefined,
      open: ({ output: format }) => ({
        screen: new Screen({ stdout, stderr, env, format }),
        api: () => Promise.reject(new Error('somebody is asked')),
        confirm: async () => false,
        readInput: async () => '',
        keys: null,
        interrupted: new AbortController().signal,
        rules,
        env,
      }),
    });
  } catch (error) {
    if (error instanceof Failure && error.code === 2) return `${error.message}\n  ${error.next ?? ''}`;
    throw error;
  }
  throw new Error(`${args.join(' ')} is taken`);
}

describe('misuse of elbctl', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'elbctl-misuse-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  const lines: readonly (readonly [args: readonly string[], told: RegExp])[] = [
    [[], /which command\?/],
    [['bogus'], /unknown command 'bogus'\n {2}elbctl --help/],
    [['get'], /missing required argument 'KIND'\n {2}elbctl get --help/],
    [['get', 'foo'], /<KIND> must be one of domain, graph, upstream, option, tls, cert, not "foo"/],
    [['status', '--nonsense'], /unknown option '--nonsense'/],
    [['status', 'x'], /too many arguments/],
    [['status', '-o', 'xml'], /--output must be one of table, json, yaml, not "xml"/],
    [['status', '--timeout', 'soon'], /--timeout must be a time/],
    [['apply'], /what is to be applied is missing\n {2}give --file PATH/],
    [['apply', '-f', '/nope'], /cannot read \/nope: no such file/],
    [['put', 'upstream', 'web'], /what is to be put is missing/],
    [['put', 'upstream', 'web', '10.0.0.1:80', 'weight=2'], /"weight=2" is a parameter without a server/],
    [['put', 'upstream', 'web', 'a:80', 'a:80'], /a:80 is named twice/],
    [['put', 'option', 'web', 'balance'], /"balance" is not NAME\.NAME=VALUE/],
    [['put', 'cert', 'web', 'chain.pem'], /a certificate is two files in PEM/],
    [['rollback', '--to', 'a', '--before', 'b'], /either --to or --before/],
    [['completion', 'tcsh'], /<SHELL> must be one of bash, zsh, fish/],
  ];
  for (const [args, told] of lines) {
    it(`elbctl ${args.join(' ')}`, async () => {
      expect(await failureOf(args)).to.match(told);
    });
  }

  const files: readonly (readonly [name: string, content: string, told: RegExp])[] = [
    ['bad.yaml', 'domains:\n  a.test: {init: r1\n', /bad\.yaml:\d+:\d+: /],
    ['twice.yaml', 'upstreams:\n  web: {}\n  web: {}\n', /twice\.yaml:3:3: .*unique: web/],
    ['bad.json', '{"domains": {},}', /bad\.json:1:\d+: /],
    ['section.yaml', 'domain:\n  a.test: {}\n', /section\.yaml has a section "domain"\n {2}there are domains/],
    ['empty.yaml', ' \n', /empty\.yaml is empty/],
    ['none.yaml', 'domains:\n  a.test:\n', /a\.test has no document/],
    ['list.yaml', '- a\n', /list\.yaml:1:1: is not a map/],
  ];
  for (const [name, content, told] of files) {
    it(`a file ${JSON.stringify(content)}`, async () => {
      const path = join(folder, name);
      writeFileSync(path, content);
      expect(await failureOf(['apply', '-f', path])).to.match(told);
    });
  }

  it('two files that name the same', async () => {
    for (const name of ['one.yaml', 'two.yaml']) writeFileSync(join(folder, name), 'upstreams: {web: {}}\n');
    const told = await failureOf(['apply', '-f', join(folder, 'one.yaml'), '-f', join(folder, 'two.yaml')]);
    expect(told).to.match(/one\.yaml and .*two\.yaml both have "web" in upstreams\n/);
  });
});
