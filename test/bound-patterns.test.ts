import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

describe('a process that bounds the time of patterns itself', () => {
  it('needs no flag at its start: an expression that backtracks without end is quick, and the linear engine is there', async () => {
    const program = `
      const { boundPatterns } = await import(${JSON.stringify(fileURLToPath(new URL('../bin/runtime-flags.ts', import.meta.url)))});
      const { compilePattern } = await import(${JSON.stringify(fileURLToPath(new URL('../lib/routing/pattern.ts', import.meta.url)))});
      boundPatterns();
      const pattern = compilePattern('^(a+)+$', { ignoreCase: false });
      const refused = compilePattern('(?=a)a', { ignoreCase: false });
      // Exponential: without the bound nobody would see its end.
      console.log(JSON.stringify([pattern.test('a'.repeat(8000) + 'b'), pattern.test('aa'), refused]));
    `;
    const args = ['--input-type=module', '--eval', program];
    // Mocha's own options are not for this process.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 });
    expect(JSON.parse(stdout)).to.deep.equal([false, true, 'has a look-around, which cannot be run in linear time']);
  }).timeout(30_000);
});
