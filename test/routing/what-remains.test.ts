import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** More than a graph here has of anything. */
const MOST = 40;

describe('what remains of 10000 changes of documents', () => {
  it('is what the last ones say, and nothing once they are gone', async function () {
    // The time that a busy machine needs.
    this.timeout(120_000);
    // In a process of its own: to count what is alive, all that is alive is looked at.
    const program = fileURLToPath(new URL('what-remains.ts', import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', '--enable-experimental-regexp-engine'];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
    const { before, changed, after } = JSON.parse(stdout) as Record<string, Record<string, number>>; // see there
    expect(Object.keys(before ?? {})).to.have.length.above(5);
    for (const [kind, count] of Object.entries(before ?? {})) {
      expect(changed?.[kind], kind).to.be.at.most(count + 4 * MOST);
      expect(after?.[kind], kind).to.be.at.most(count);
    }
  });
});
