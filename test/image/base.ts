import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Environment that the image of `layOutBase` needs. */
export const BASE_ENV = [
  'PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin',
  'HOME=/root',
  'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  'npm_config_update_notifier=false',
];

/**
 * Lays out the least root file system the Dockerfile builds on, from files of this machine: this Node, npm, a shell, `env`,
 * `setcap`, certificates, and the libraries of these. It stands in for the image that would come from a registry.
 */
export function layOutBase(root: string): void {
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to), { recursive: true });
  };
  const programs = [
    [process.execPath, '/usr/local/bin/node'],
    ['/bin/sh', '/bin/sh'],
    ['/usr/bin/env', '/usr/bin/env'],
    [onPath('setcap'), '/usr/sbin/setcap'],
  ] as const;
  for (const [from, to] of programs) {
    put(from, to);
    for (const library of librariesOf(from)) if (!existsSync(join(root, library))) put(library, library);
  }

  const npm = dirname(dirname(realpathSync(onPath('npm'))));
  put(npm, '/usr/local/lib/node_modules/npm');
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  put('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  for (const folder of ['root', 'tmp']) mkdirSync(join(root, folder));
  chmodSync(join(root, 'tmp'), 0o1777);
}

function librariesOf(program: string): readonly string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map(([, path = '']) => path);
}

function onPath(command: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${command} is not on PATH`);
  return found;
}
