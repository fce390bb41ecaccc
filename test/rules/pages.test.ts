import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { rulePages } from '../../scripts/rule-pages.ts';

const FOLDER = new URL('../../docs/rules/', import.meta.url);

describe('docs/rules', () => {
  it('has one page for every rule, as the rule says it (node scripts/rule-pages.ts)', () => {
    const files = readdirSync(FOLDER).filter((file) => file !== 'README.md' && file !== 'templates.md');
    const pages = new Map(files.map((file) => [file, readFileSync(new URL(file, FOLDER), 'utf8')]));
    expect(pages).to.deep.equal(new Map([...rulePages()].toSorted()));
  });

  it('lists every rule on its first page', () => {
    const first = readFileSync(new URL('README.md', FOLDER), 'utf8');
    for (const file of rulePages().keys()) expect(first).to.include(`](${file})`);
  });
});
