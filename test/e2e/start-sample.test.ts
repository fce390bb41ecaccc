import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const program = fileURLToPath(new URL('../../bin/try.ts', import.meta.url));

describe('npm start', () => {
  it('prints three curl lines that answer as printed, and ends with ctrl-C', async () => {
    const child = spawn(process.execPath, [program], {
      env: { PATH: process.env['PATH'], ELB_LISTEN: '127.0.0.1:0', ELB_WORKERS: '2' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    let text = '';
    for await (const part of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      text += String(part);
      if (text.includes('Ctrl-C ends everything.\n')) break;
    }
    const tries = [...text.matchAll(/^ {2}(curl .*)\n {6}(.*)$/gm)];
    expect(tries).to.have.length(3);
    for (const [, command = '', expected = ''] of tries) {
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `${command} --silent --show-error`]);
      expect(stdout).to.equal(`${expected}\n`);
    }
    child.kill('SIGINT');
    expect(await exited).to.equal(0);
  });
});
