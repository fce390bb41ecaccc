import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A Docker daemon of the test's own: everything it keeps is below one folder, it touches no firewall and no bridge, and its
 * containers use the host's network.
 */
export class Daemon {
  readonly #folder: string;
  readonly #socket: string;
  #process: ReturnType<typeof spawn> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    this.#socket = `unix://${join(folder, 'docker.sock')}`;
  }

  async start(): Promise<void> {
    const folder = (name: string): string => join(this.#folder, name);
    const args = ['--host', this.#socket, '--data-root', folder('data'), '--exec-root', folder('exec')];
    args.push('--pidfile', folder('docker.pid'), '--storage-driver=vfs');
    args.push('--iptables=false', '--ip6tables=false', '--bridge=none');
    const daemon = spawn('dockerd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = daemon;
    const log = createWriteStream(folder('dockerd.log'));
    daemon.stderr.pipe(log);
    for await (const line of createInterface({ input: daemon.stderr })) {
      if (line.includes('API listen on')) return;
    }
    throw new Error(`dockerd ended:\n${await readFile(folder('dockerd.log'), 'utf8')}`);
  }

  async stop(): Promise<void> {
    const daemon = this.#process;
    if (daemon === null || daemon.exitCode !== null) return;
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    // The daemon leaves the name of the host's network behind, mounted; without it the folder cannot be removed.
    await run('umount', [join(this.#folder, 'exec/netns/default')]).catch(() => undefined);
  }

  /** Runs a docker command and resolves with what it printed. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('docker', ['--host', this.#socket, ...args], {
      // The builder that Debian's package has.
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
      maxBuffer: 64 << 20,
    });
    return stdout.trim();
  }

  /** Imports a folder as an image. */
  async import(folder: string, image: string, changes: readonly string[]): Promise<void> {
    const tar = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const options = changes.flatMap((change) => ['--change', change]);
    const docker = spawn('docker', ['--host', this.#socket, 'import', ...options, '-', image], {
      stdio: [tar.stdout, 'ignore', 'inherit'],
    });
    const [code] = await once(docker, 'exit');
    if (code !== 0) throw new Error(`docker import ended with ${String(code)}`);
  }

  /** Resolves with the first event of a container that `wanted` accepts, from its start on. */
  async event(container: string, wanted: (event: string) => boolean): Promise<string> {
    const args = ['events', '--since', '0', '--filter', `container=${container}`, '--format', '{{.Action}}'];
    const events = spawn('docker', ['--host', this.#socket, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      for await (const event of createInterface({ input: events.stdout })) if (wanted(event)) return event;
    } finally {
      events.kill();
    }
    throw new Error('docker events ended');
  }
}
