import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { resources } from '../../api/index.ts';
import { apiPage } from '../../scripts/write-api.ts';

describe('docs/api.md', () => {
  it('is what the resources say (node scripts/write-api.ts)', () => {
    expect(readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')).to.equal(apiPage());
  });

  for (const { name, methods } of resources) {
    it(`tells what ${name} is, and shows every call of it`, () => {
      const [section = ''] = apiPage()
        .split('\n## ')
        .filter((part) => part.startsWith(`${name}\n`));
      const [, comment = '', table = ''] = /^\w+\n\n([\s\S]+?)\n\n(\| call[\s\S]+)/.exec(section) ?? [];
      expect(comment.length).to.be.greaterThan(40);
      for (const method of Object.keys(methods)) {
        expect(comment).to.match(new RegExp(`^    ${method}\\b`, 'm'));
        expect(table).to.include(`| ${method} |`);
      }
    });
  }
});
