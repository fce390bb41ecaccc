import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { commands } from '../../ctl/commands/index.ts';
import { elbctlPage } from '../../scripts/elbctl-page.ts';

describe('docs/elbctl.md', () => {
  it('is what the commands say (node scripts/elbctl-page.ts)', () => {
    expect(readFileSync(new URL('../../docs/elbctl.md', import.meta.url), 'utf8')).to.equal(elbctlPage());
  });

  for (const { name, summary, description, positionals, flags, examples, isHidden } of commands) {
    if (isHidden === true) continue;
    it(`${name} says what it is, in words and by examples that are possible`, () => {
      expect(summary).to.match(/^[A-Z].*[^.]$/);
      expect(description).to.match(/\.$/);
      const inputs = [...Object.values(positionals), ...Object.values(flags)];
      for (const { help } of inputs) expect(help).to.match(/[^.]$/);
      expect(examples).to.not.be.empty;
      for (const { line } of examples) {
        expect(line).to.match(new RegExp(`elbctl ${name}\\b`));
        const given = [...line.slice(line.lastIndexOf('elbctl ')).matchAll(/(?<=\s)--([a-z-]+)/g)].map(
          ([, flag]) => flag,
        );
        expect(Object.keys(flags)).to.include.members(given);
      }
    });
  }
});
