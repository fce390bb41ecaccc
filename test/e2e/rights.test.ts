import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { processTree } from '../fixtures/processes.ts';
import { openSharedSocket } from '../fixtures/shared-socket.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));
const NOBODY = 65_534;

describe('rights', () => {
  it('serves a port below 1024 as an ordinary user, and writes nowhere but to its state directory', async function () {
    this.timeout(60_000);
    const base = mkdtempSync(join(tmpdir(), 'elb-rights-'));
    const state = join(base, 'state');
    const trace = join(base, 'trace');
    const file = join(base, 'elb.yaml');
    mkdirSync(state);
    writeFileSync(trace, '');
    writeFileSync(file, JSON.stringify({ domains: {}, upstreams: {} }));
    const isRoot = process.getuid?.() === 0;
    // Where the project lies in a place that only root can read, it is root who runs it, and only what it writes is looked at.
    const user = isRoot && canRun(NOBODY) ? { uid: NOBODY, gid: NOBODY } : {};
    if (user.uid !== undefined) for (const path of [base, state, trace]) chownSync(path, NOBODY, NOBODY);
    const socket = openSharedSocket(isRoot ? 1017 : 0);
    const calls =
      'trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate,bind';
    // LISTEN_PID has to be the traced program's: the shell's, which becomes it.
    const program = ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, PROGRAM];
    const child = spawn('strace', ['-f', '-qq', '-s', '500', '-e', calls, '-o', trace, '--', ...program], {
      ...user,
      cwd: '/',
      env: { PATH: process.env['PATH'], LISTEN_FDS: '1', ELB_STATE: state, ELB_FILE: file, ELB_WORKERS: '1' },
      stdio: ['ignore', 'inherit', 'pipe', socket.fd],
    });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    const logs = lines(child.stderr);
    try {
      await logs.until((line) => line.includes('"listening"'));
      expect(await statusOf(socket.port)).to.equal(404);
      const [elb = 0, ...others] = processTree(child.pid ?? 0).slice(1);
      for (const pid of [elb, ...others]) expect(uidOf(pid)).to.equal(user.uid ?? process.getuid?.());
      const worker = Number(/"worker":(\d+)/.exec(await logs.until((line) => line.includes('worker listens')))?.[1]);
      process.kill(worker, 'SIGKILL');
      await logs.until((line) => line.includes('worker listens') && !line.includes(`"worker":${worker}`));
      process.kill(elb, 'SIGUSR2');
      await logs.until((line) => line.includes('"upgraded"'));
      process.kill(elb, 'SIGTERM');
      expect(await exited).to.equal(0);
      const written = readFileSync(trace, 'utf8').split('\n').filter(isWrite);
      const elsewhere = written.filter((line) => !line.includes(`"${state}`) && !/"\/dev\/(null|tty)"/.test(line));
      expect(elsewhere).to.deep.equal([]);
      expect(written.some((line) => line.includes(`"${state}`))).to.equal(true);
    } finally {
      child.kill('SIGKILL');
      socket.close();
      rmSync(base, { recursive: true, force: true });
    }
  });
});

/** A call that made or changed something and did not fail. */
function isWrite(line: string): boolean {
  if (/ = -1 /.test(line)) return false;
  // A process that is killed as it enters a call has no memory left to read a path from, and the call is not made.
  if (/\(0x[0-9a-f]+ <unfinished \.\.\.>$/.test(line)) return false;
  if (/ open(at)?\(/.test(line)) return /O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(line);
  if (/ bind\(/.test(line)) return /AF_UNIX/.test(line);
  return / (creat|mkdir|mkdirat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|truncate)\(/.test(line);
}

function canRun(uid: number): boolean {
  return spawnSync(process.execPath, [PROGRAM, '--version'], { uid, gid: uid, cwd: '/', stdio: 'ignore' }).status === 0;
}

function uidOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function statusOf(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (reply) => resolve(reply.resume().statusCode)).on('error', reject);
  });
}

/** Lines of a stream, waited for in their order. */
function lines(stream: NodeJS.ReadableStream | null): { until(fits: (line: string) => boolean): Promise<string> } {
  const seen: string[] = [];
  let wake: (() => void) | null = null;
  if (stream !== null) {
    createInterface({ input: stream }).on('line', (line) => {
      seen.push(line);
      wake?.();
    });
  }
  return {
    async until(fits) {
      for (;;) {
        const line = seen.find(fits);
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
