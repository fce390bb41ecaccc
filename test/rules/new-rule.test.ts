import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { newRule } from '../../scripts/new.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

describe('npm run new rule', () => {
  let root: string;

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'elb-new-'));
    for (const part of ['lib', 'rules', 'test/rules', 'test/routing', 'package.json', '.mocharc.json'])
      cpSync(join(ROOT, part), join(root, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  });

  after(() => rmSync(root, { recursive: true }));

  it('writes a rule that keeps to the contract, with its test, and lists it', async () => {
    expect(newRule(root, 'two-words')).to.deep.equal([
      'rules/two-words.ts',
      'test/rules/two-words.test.ts',
      'rules/index.ts',
    ]);
    expect(readFileSync(join(root, 'rules/index.ts'), 'utf8')).to.match(/import { twoWords }[^]*\n {2}twoWords,\n\];/);
    const mocha = join(ROOT, 'node_modules/.bin/mocha');
    const { stdout } = await run(mocha, ['--spec', 'test/rules/two-words.test.ts', '--reporter', 'dot'], { cwd: root });
    expect(stdout).to.match(/\d passing/);
  });

  it('overwrites nothing, and makes nothing with a name that is none', () => {
    expect(newRule(root, 'two-words')).to.equal('rules/two-words.ts is there already');
    for (const name of ['', 'Two', 'two_words', '../x', '-a']) expect(newRule(root, name)).to.match(/^a name is/);
  });
});
