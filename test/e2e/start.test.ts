import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runElb, startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { isRunning, processTree } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

const sample = fileURLToPath(new URL('../../bin/sample.yaml', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

describe('starting', () => {
  describe('what cannot work is one clear line', () => {
    const table: readonly (readonly [args: string[], env: Record<string, string>, code: number, ...lines: RegExp[]])[] =
      [
        [['--nonsense'], {}, 2, /^elb: unknown option --nonsense;/],
        [['--workers', 'x'], {}, 2, /^elb: --workers must be .*not "x"$/],
        [[], { ELB_DRAIN: 'soon', ELB_LOG: 'loud' }, 2, /^elb: ELB_LOG must be/, /^elb: ELB_DRAIN must be/],
        [[], { ETCD_CA: '/nonexistent' }, 2, /^elb: ETCD_CA: cannot read "\/nonexistent"/],
        [['--file', '/nonexistent/elb.yaml'], {}, 2, /^elb: --file.*cannot read/],
        [
          ['--listen', '192.0.2.1:80'],
          {},
          1,
          /^elb: cannot listen on 192\.0\.2\.1:80: this machine has no such address$/,
        ],
        [
          ['--listen', 'unix:/nonexistent/elb.sock'],
          {},
          1,
          /^elb: cannot listen on unix:\/nonexistent\/elb\.sock: its directory does not exist$/,
        ],
        [[], { ELB_STATE: '/dev/null/state', ELB_LISTEN: '127.0.0.1:0' }, 1, /^elb: .*\/dev\/null/],
      ];
    for (const [args, env, code, ...lines] of table) {
      it([...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...args].join(' '), async () => {
        const run = await runElb(args, env);
        expect(run).to.include({ code, stdout: '' });
        const said = run.stderr.trimEnd().split('\n');
        expect(said).to.have.length(lines.length);
        for (const [i, line] of lines.entries()) expect(said[i]).to.match(line);
      });
    }

    const files: readonly (readonly [text: string, line: RegExp])[] = [
      ['domains: {a: [', /elb\.yaml:1:\d+: /],
      ['domains: {}\nupstreams: {}\ndomains: {}\n', /elb\.yaml:3:1: /],
      ['hello', /elb\.yaml:1:1: is not a map of domains and upstreams$/],
    ];
    for (const [text, line] of files) {
      it(`a file that holds ${JSON.stringify(text)}`, async () => {
        const directory = mkdtempSync(join(tmpdir(), 'elb-start-'));
        const file = join(directory, 'elb.yaml');
        writeFileSync(file, text);
        const run = await runElb(['--file', file, '--listen', '127.0.0.1:0']);
        rmSync(directory, { recursive: true });
        expect(run).to.include({ code: 2, stdout: '' });
        expect(run.stderr.trimEnd())
          .to.match(line)
          .and.match(/^elb: /)
          .and.not.include('\n');
      });
    }

    it('an address in use', async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const run = await runElb(['--listen', `127.0.0.1:${String(port)}`]);
      server.close();
      const stderr = `elb: cannot listen on 127.0.0.1:${String(port)}: the address is in use\n`;
      expect(run).to.include({ code: 1, stdout: '', stderr });
    });
  });

  it('--version and --help', async () => {
    const [version, help] = await Promise.all([runElb(['--version']), runElb(['--help'], { ELB_WORKERS: 'bad' })]);
    expect(version).to.include({ code: 0, stderr: '' });
    expect(version.stdout).to.match(/^elb \d+\.\d+\.\d+\n$/);
    expect(help).to.include({ code: 0, stderr: '' });
    expect(help.stdout).to.match(/^Usage: elb \[options\]\n/);
  });

  for (const workers of ['0', '1', '2']) {
    it(`serves with ${workers} workers, and ends with 0 at SIGTERM without leaving anything`, async () => {
      const upstream = await startUpstream((response) => response.end('hello'));
      const state = mkdtempSync(join(tmpdir(), 'elb-start-'));
      const elb = await startElb({ env: { ELB_WORKERS: workers, ELB_STATE: state }, file: fileFor(upstream.port) });
      expect(await elb.get('/')).to.include({ status: 200, text: 'hello' });
      expect(readdirSync(state)).to.have.length(1);
      expect(await elb.stop()).to.deep.equal({ code: 0, signal: null });
      expect(readdirSync(state)).to.deep.equal([]);
      expect(elb.stderr).to.deep.equal([]);
      rmSync(state, { recursive: true });
      upstream.close();
    });
  }

  it('listens on several addresses, a Unix socket among them, and removes its name', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-start-'));
    const path = join(directory, 'elb.sock');
    const elb = await startElb({
      args: ['--listen', '127.0.0.1:0', '--listen', `unix:${path}`],
      env: { ELB_WORKERS: '2' },
    });
    expect(await replyOf(net.connect(path), 'GET /__erulb__/domain HTTP/1.1\r\nHost: a\r\n\r\n')).to.match(
      /^HTTP\/1.1 200 /,
    );
    await elb.stop();
    expect(readdirSync(directory)).to.deep.equal([]);
    rmSync(directory, { recursive: true });
  });

  it('takes over a Unix socket that a killed process left behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-start-'));
    const path = join(directory, 'elb.sock');
    const args = ['--listen', '127.0.0.1:0', '--listen', `unix:${path}`];
    const killed = await startElb({ args });
    // Resolves when its workers, which have drained, are gone as well.
    await killed.stop('SIGKILL');
    expect(readdirSync(directory)).to.deep.equal(['elb.sock']);
    const elb = await startElb({ args });
    expect(await replyOf(net.connect(path), 'GET /__erulb__/domain HTTP/1.1\r\nHost: a\r\n\r\n')).to.match(
      /^HTTP\/1.1 200 /,
    );
    await elb.stop();
    rmSync(directory, { recursive: true });
  });
});

describe('a store that is away at the start', () => {
  let elb: Elb;

  before(async () => {
    elb = await startElb({ env: { ETCD: '127.0.0.1:1', ELB_WORKERS: '2' }, loaded: false });
  });

  after(() => elb.stop());

  it('is said once; requests get 503, the admin API works', async () => {
    expect((await elb.get('/')).status).to.equal(503);
    expect((await elb.admin('GET', 'domain')).text).to.equal('{}\n');
    expect(elb.logs.filter(({ level }) => level === 'warn' || level === 'error')).to.have.length(1);
  });

  it('what the admin API puts is served', async () => {
    const upstream = await startUpstream((response) => response.end('hello'));
    const { domains, upstreams } = fileFor(upstream.port);
    expect((await elb.admin('PUT', 'upstream', upstreams)).status).to.equal(200);
    expect((await elb.admin('PUT', 'domain', domains)).status).to.equal(200);
    const answers = await Promise.all(Array.from({ length: 6 }, () => elb.get('/')));
    expect(answers.map(({ text }) => text)).to.deep.equal(Array.from({ length: 6 }, () => 'hello'));
    upstream.close();
  });
});

describe('ending', () => {
  it('SIGTERM: the request under way is finished, new connections are refused', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const upstream = await startUpstream((response) => asked.resolve(response));
    const elb = await startElb({ file: fileFor(upstream.port), env: { ELB_WORKERS: '2' } });
    const answer = elb.get('/');
    const response = await asked.promise;
    elb.kill('SIGTERM');
    await elb.logged(({ msg }) => msg === 'draining');
    await refused(elb.port);
    response.end('late');
    expect(await answer).to.include({ status: 200, text: 'late' });
    expect(await elb.exited).to.deep.equal({ code: 0, signal: null });
    upstream.close();
  });

  it('SIGTERM: what outstays the drain bound is cut', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const upstream = await startUpstream((response) => asked.resolve(response));
    const elb = await startElb({ file: fileFor(upstream.port), env: { ELB_DRAIN: '100ms' } });
    const answer = elb.get('/').catch((error: unknown) => error);
    await asked.promise;
    expect(await elb.stop()).to.deep.equal({ code: 0, signal: null });
    expect(await answer).to.be.instanceOf(Error);
    upstream.close();
  });

  it('SIGTERM to `timeout`, which tells it and its process group, is one signal', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const upstream = await startUpstream((response) => asked.resolve(response));
    const directory = mkdtempSync(join(tmpdir(), 'elb-test-timeout-'));
    const file = join(directory, 'elb.json');
    writeFileSync(file, JSON.stringify(fileFor(upstream.port)));
    const args = ['600', process.execPath, join(root, 'bin/elb.ts'), '--file', file, '--listen', '127.0.0.1:0'];
    const env = { PATH: process.env['PATH'], ELB_STATE: directory };
    const timeout = spawn('timeout', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(timeout, 'exit');
    const lines = createInterface({ input: timeout.stderr });
    let port = 0;
    let isLoaded = false;
    for await (const line of lines) {
      port = Number(/"address":"127.0.0.1:(\d+)"/.exec(line)?.[1] ?? port);
      isLoaded ||= line.includes('configuration loaded');
      if (port > 0 && isLoaded) break;
    }
    const answer = fetch(`http://127.0.0.1:${port}/`);
    const response = await asked.promise;
    timeout.kill('SIGTERM');
    await refused(port);
    response.end('late');
    expect(await (await answer).text()).to.equal('late');
    // What `timeout` says where it was told to end the program, and that has ended well.
    expect(await ended).to.deep.equal([0, null]);
    upstream.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('a second signal ends it at once', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const upstream = await startUpstream((response) => asked.resolve(response));
    const elb = await startElb({ file: fileFor(upstream.port) });
    const answer = elb.get('/').catch((error: unknown) => error);
    await asked.promise;
    elb.kill('SIGINT');
    await elb.logged(({ msg }) => msg === 'draining');
    // One that comes at once is the first one again; who presses on is heard.
    const pressing = setInterval(() => elb.kill('SIGINT'), 50);
    expect(await elb.exited).to.deep.equal({ code: 1, signal: null });
    clearInterval(pressing);
    expect(await answer).to.be.instanceOf(Error);
    upstream.close();
  });

  it('signals to its children, as ctrl-C in a terminal sends them, do nothing', async () => {
    const upstream = await startUpstream((response) => response.end('hello'));
    const elb = await startElb({ file: fileFor(upstream.port), env: { ELB_WORKERS: '2' } });
    // The primary, its two workers, and one that stands by: one that is still being started has no ear for signals yet.
    await until('one stands by', async () => (await elb.admin('GET', 'status')).text.includes('"standby"'));
    const children = processTree(elb.pid).slice(1);
    expect(children)
      .to.have.length(4)
      .and.include.members([elb.primary, ...elb.workers]);
    for (const pid of children)
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.kill(pid, signal);
    for (let i = 0; i < 8; i++) expect((await elb.get('/')).text).to.equal('hello');
    expect(processTree(elb.pid).slice(1)).to.deep.equal(children);
    await elb.stop();
    upstream.close();
  });

  it('an upgrade whose options cannot be used any more changes nothing, and leaves no process behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-start-'));
    const ca = join(directory, 'ca.pem');
    writeFileSync(ca, '-----BEGIN CERTIFICATE-----\n');
    const elb = await startElb({ env: { ELB_SERVER_CA: ca } });
    await until('one stands by', async () => (await elb.admin('GET', 'status')).text.includes('"standby"'));
    const before = processTree(elb.pid);
    rmSync(directory, { recursive: true });
    elb.kill('SIGUSR2');
    const { reason } = await elb.logged(({ msg }) => msg === 'the upgrade failed: the former program goes on');
    expect(reason).to.match(/^ELB_SERVER_CA: cannot read /);
    await until('it is gone with its worker', () => processTree(elb.pid).length === before.length);
    expect(processTree(elb.pid)).to.deep.equal(before);
    expect((await elb.get('/')).status).to.equal(404);
    await elb.stop();
  });

  it('SIGTERM to npm, which is what a supervisor of `npm run elb` knows, reaches the program', async () => {
    const args = ['run', '--silent', 'elb', '--', '--file', sample, '--listen', '127.0.0.1:0'];
    const npm = spawn('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = new Promise((resolve) => npm.on('exit', resolve));
    const lines = createInterface({ input: npm.stderr });
    for await (const line of lines) if (line.includes('"listening"')) break;
    const processes = processTree(npm.pid ?? 0).slice(1);
    npm.kill('SIGTERM');
    expect(await exited).to.equal(0);
    await gone(processes);
  });

  it('killed, it takes all its processes with it, and the next start removes what it left', async () => {
    const state = mkdtempSync(join(tmpdir(), 'elb-start-'));
    const options = { env: { ELB_WORKERS: '2', ELB_STATE: state } };
    const elb = await startElb(options);
    const processes = processTree(elb.pid);
    await elb.stop('SIGKILL');
    expect(processes.filter(isRunning)).to.deep.equal([]);
    await refused(elb.port);
    expect(readdirSync(state)).to.have.length(1);
    const next = await startElb(options);
    expect(readdirSync(state)).to.have.length(1);
    await next.stop();
    expect(readdirSync(state)).to.deep.equal([]);
    rmSync(state, { recursive: true });
  });
});

describe('SIGHUP', () => {
  it('a file that cannot be used is one line, and what was known is served', async () => {
    const upstream = await startUpstream((response) => response.end('hello'));
    const elb = await startElb({ file: fileFor(upstream.port) });
    writeFileSync(elb.file, 'domains: {a: [');
    elb.kill('SIGHUP');
    const line = await elb.logged(({ msg }) => msg === 'the store cannot be read: serving what is known');
    expect(line['reason']).to.match(/elb\.yaml:1:\d+: /);
    expect(line).not.to.have.property('err');
    expect((await elb.get('/')).text).to.equal('hello');
    await elb.stop();
    upstream.close();
  });

  it('rereads the file', async () => {
    const first = await startUpstream((response) => response.end('first'));
    const second = await startUpstream((response) => response.end('second'));
    const elb = await startElb({ file: fileFor(first.port) });
    expect((await elb.get('/')).text).to.equal('first');
    writeFileSync(elb.file, JSON.stringify(fileFor(second.port)));
    elb.kill('SIGHUP');
    await until('the second server answers', async () => (await elb.get('/')).text === 'second');
    await elb.stop();
    first.close();
    second.close();
  });
});

function fileFor(port: number): { domains: object; upstreams: object } {
  return {
    domains: { '*': { init: 'r1', rules: { r1: { type: 'backend', args: { servername: 'u' } } } } },
    upstreams: { u: { [`127.0.0.1:${String(port)}`]: '' } },
  };
}

/** A server that hands every response to `serve`. */
function startUpstream(serve: (response: ServerResponse) => void): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((_, response) => serve(response));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}

function gone(pids: readonly number[]): Promise<void> {
  return until('the processes are gone', () => !pids.some(isRunning));
}

/** Resolves when nobody listens on the port any more. */
function refused(port: number): Promise<void> {
  return until('connections are refused', () => {
    const socket = net.connect(port, '127.0.0.1');
    return new Promise((resolve) => {
      socket.on('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
    });
  });
}

function replyOf(socket: net.Socket, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      resolve(part);
      socket.destroy();
    });
    socket.write(bytes);
  });
}
