import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { observabilityPage } from '../../scripts/observability-page.ts';

describe('docs/observability.md', () => {
  it('says what the tables say (node scripts/observability-page.ts)', () => {
    const file = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8');
    expect(file).to.equal(observabilityPage());
  });
});
