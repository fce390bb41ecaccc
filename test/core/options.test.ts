import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { OPTIONS } from '../../lib/core/options.ts';
import { Refusal } from '../../lib/core/option-kinds.ts';
import { helpText, optionsMarkdown } from '../../lib/core/options-text.ts';

describe('options', () => {
  it('docs/options.md is what the table says (node scripts/write-options.ts)', () => {
    const file = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');
    expect(file).to.equal(optionsMarkdown());
  });

  it('help names every flag and every variable', () => {
    const help = helpText();
    for (const { flag, env } of Object.values(OPTIONS)) {
      if (flag !== null) expect(help).to.include(`--${flag} `);
      for (const name of env) expect(help).to.include(name);
    }
  });

  it('no flag and no variable occurs twice', () => {
    const rows = Object.values(OPTIONS);
    const names = rows.flatMap(({ flag, env }) => [...(flag === null ? [] : [flag]), ...env]);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('every default is a value of its kind', () => {
    for (const [key, { fallback, kind }] of Object.entries(OPTIONS)) {
      if (fallback !== null) expect(kind.parse(fallback), key).not.to.be.instanceOf(Refusal);
    }
  });

  it('secrets have no flag', () => {
    expect([OPTIONS.etcdPassword.flag, OPTIONS.adminToken.flag]).to.deep.equal([null, null]);
  });
});
