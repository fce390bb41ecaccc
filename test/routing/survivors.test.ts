import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

describe('what survives of graphs that are opened', () => {
  it('is what they are made of: their documents go with the next young collection', async function () {
    this.timeout(60_000);
    const program = fileURLToPath(new URL('survivors.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program]);
    const rounds = JSON.parse(stdout) as readonly { readonly young: number; readonly full: number }[]; // see there
    for (const { full } of rounds) expect(full).to.be.above(100);
    expect(Math.min(...rounds.map(({ young, full }) => young / full))).to.be.below(1.3);
  });
});
