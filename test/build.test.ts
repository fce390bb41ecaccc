import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

describe('the packed tarball', function () {
  this.timeout(240_000); // npm packs and installs

  let folder = '';
  let elb = '';
  let elbctl = '';
  let files: readonly string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'elb-build-'));
    const pack = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
    // Before its report npm prints what prepack prints.
    const [report] = JSON.parse(pack.stdout.slice(pack.stdout.search(/^\[/m)));
    files = report.files.map((file: { path: string }) => file.path);
    const installed = join(folder, 'installed');
    await mkdir(installed);
    await writeFile(join(installed, 'package.json'), '{"private": true}');
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--omit=dev'];
    await run('npm', ['install', ...options, join(folder, report.filename)], { cwd: installed });
    elb = join(installed, 'node_modules/.bin/elb');
    elbctl = join(installed, 'node_modules/.bin/elbctl');
  });

  after(() => rm(folder, { recursive: true }));

  it('holds the compiled program with its types and documents, and no source or test', () => {
    expect(files).to.include.members([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'dist/bin/elb.js',
      'dist/bin/elbctl.js',
      'dist/lib/app.d.ts',
    ]);
    expect(files.filter((file) => /^(test|scripts)\/|(?<!\.d)\.ts$/.test(file))).to.deep.equal([]);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const { stdout } = await run(elb, ['--version']);
    expect(stdout).to.match(new RegExp(`^(elb )?${RegExp.escape(version)}\n$`));
  });

  it('has an elbctl that prints its version, and tells what to do where nobody answers', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect((await run(elbctl, ['--version'])).stdout).to.equal(`elbctl ${version}\n`);
    const env = { ...process.env, ELB_URL: `unix:${join(folder, 'nobody.sock')}` };
    const failed = await run(elbctl, ['status'], { env }).catch((error: unknown) => error);
    expect(failed).to.include({ code: 6, stdout: '' });
    expect(failed)
      .to.have.property('stderr')
      .that.matches(/^elbctl: .*nobody\.sock cannot be reached: there is no such socket\n {2}.*--url.*\n$/);
  });

  it('prints its options', async () => {
    const { stdout } = await run(elb, ['--help']);
    for (const flag of ['--listen', '--etcd', '--file', '--statsd']) expect(stdout).to.include(flag);
  });

  it('refuses an unknown option with one line and exit code 2', async () => {
    const refused = await run(elb, ['--nonsense']).catch((error: unknown) => error);
    expect(refused).to.include({ code: 2, stdout: '' });
    expect(refused)
      .to.have.property('stderr')
      .that.matches(/^.*--nonsense.*\n$/);
  });

  it('serves, with a worker of its own, and ends with 0', async () => {
    const file = join(folder, 'elb.yaml');
    const socket = join(folder, 'elb.sock');
    await writeFile(file, 'domains: {}\nupstreams: {}\n');
    const child = spawn(elb, ['--file', file, '--listen', `unix:${socket}`, '--workers', '1'], {
      env: { ...process.env, ELB_STATE: folder },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const ended = once(child, 'exit');
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    try {
      while (!log.includes('"listening"') || !log.includes('"configuration loaded"')) {
        await Promise.race([once(child.stderr, 'data'), ended]);
        if (child.exitCode !== null) throw new Error(`elb ended: ${log}`);
      }
      expect(await ask(socket, '/')).to.equal(404);
      for (const part of ['', '/style.css', '/main.js'])
        expect(await ask(socket, `/__erulb__/ui${part}`)).to.equal(200);
      const servers = ['10.0.0.1:80', '10.0.0.2:80 weight=2'];
      const env = { ...process.env, ELB_URL: `unix:${socket}` };
      await run(elbctl, ['put', 'upstream', 'web', ...servers, '--wait'], { env });
      const { stdout } = await run(elbctl, ['get', 'upstream', '-o', 'json'], { env });
      expect(JSON.parse(stdout)).to.deep.equal({ web: { '10.0.0.1:80': '', '10.0.0.2:80': 'weight=2' } });
      expect(await readFile(file, 'utf8')).to.include('10.0.0.2:80');
      child.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** Status of a GET. */
function ask(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers: { host: 'nobody.test' }, agent: false })
      .on('response', (reply) => resolve(reply.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
