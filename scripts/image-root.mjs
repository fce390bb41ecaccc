/**
 * Lays out the root file system of the container image: this Node with the libraries it has loaded, the compiled program, its
 * packages, and nothing else; no shell, no package manager.
 *
 *     node scripts/image-root.mjs /image
 *
 * Runs in the build stage of the Dockerfile, in a folder with `dist` and the packages of production.
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const NODE = '/usr/local/bin/node';
const PROGRAM = '/elb/dist/bin/elb.js';

const root = process.argv[2];
if (root === undefined) throw new Error('usage: node scripts/image-root.mjs FOLDER');

put(realpathSync(process.execPath), NODE);
for (const library of process.report.getReport().sharedObjects) {
  if (library.startsWith('/') && library !== process.execPath) put(realpathSync(library), library);
}

for (const file of ['dist', 'node_modules', 'package.json', 'LICENSE']) put(file, `/elb/${file}`);
put('scripts/image-health.mjs', '/elb/health.mjs');

// There is no `env` that would look for node.
const source = readFileSync(inRoot(PROGRAM), 'utf8').replace(/^#!.*/, `#!${NODE}`);
writeFileSync(inRoot(PROGRAM), source);
chmodSync(inRoot(PROGRAM), 0o755);
symlinkSync(PROGRAM, inRoot('/usr/local/bin/elb'));

mkdirSync(inRoot('/etc'), { recursive: true });
writeFileSync(inRoot('/etc/passwd'), 'root:x:0:0::/:/\nelb:x:10001:10001::/:/\n');
writeFileSync(inRoot('/etc/group'), 'root:x:0:\nelb:x:10001:\n');
mkdirSync(inRoot('/var/lib/elb'), { recursive: true, mode: 0o700 });
chownSync(inRoot('/var/lib/elb'), 10001, 10001);
mkdirSync(inRoot('/tmp'));
chmodSync(inRoot('/tmp'), 0o1777);

function put(from, to) {
  mkdirSync(dirname(inRoot(to)), { recursive: true });
  cpSync(from, inRoot(to), { recursive: true });
}

function inRoot(path) {
  return join(root, path);
}
