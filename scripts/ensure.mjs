/**
 * Brings a clone to the state in which the project runs: npm packages as the lock file says, the project's own Node, and
 * with `--test`, `--bench` or `--image` the Debian packages that `npm test`, `npm run bench` or `npm run test:image` uses. Says
 * nothing and changes nothing where all is there.
 *
 * Plain JavaScript without dependencies: it runs on whatever Node the machine has, before `node_modules` exists.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ownNode = join(root, 'node_modules/.bin/node');

/** What the tests use besides npm packages: how to see that it is there, and the Debian package that brings it. */
const TEST_TOOLS = [
  { debian: 'etcd-server', present: () => onPath('etcd') },
  { debian: 'etcd-client', present: () => onPath('etcdctl') },
  { debian: 'nginx-light', present: () => onPath('nginx') },
  { debian: 'haproxy', present: () => onPath('haproxy') },
  { debian: 'apache2', present: () => onPath('apache2') },
  // The program without a service of the machine.
  { debian: 'redis-server', present: () => onPath('redis-server') },
  { debian: 'iproute2', present: () => onPath('ip') },
  { debian: 'jq', present: () => onPath('jq') },
  { debian: 'curl', present: () => onPath('curl') },
  { debian: 'wrk', present: () => onPath('wrk') },
  { debian: 'openssl', present: () => onPath('openssl') },
  // The program without the service around it.
  { debian: 'dnsmasq-base', present: () => onPath('dnsmasq') },
  { debian: 'tinyproxy-bin', present: () => onPath('tinyproxy') },
  // With its companion for DNS.
  { debian: 'pebble', present: () => onPath('pebble') && onPath('pebble-challtestsrv') },
  { debian: 'strace', present: () => onPath('strace') },
  { debian: 'systemd', present: () => onPath('systemd-notify') && onPath('systemd-analyze') },
  { debian: 'python3-requests', present: () => pythonHas('requests') },
  { debian: 'tmux', present: () => onPath('tmux') },
  { debian: 'zsh', present: () => onPath('zsh') },
  { debian: 'fish', present: () => onPath('fish') },
  { debian: 'prometheus', present: () => onPath('promtool') },
  { debian: 'chromium', present: () => onPath('chromium') },
  { debian: 'nghttp2-client', present: () => onPath('nghttp') && onPath('h2load') },
  { debian: 'python3-h2', present: () => pythonHas('h2') },
];

/** The load generator, and the peers that are not npm packages. */
const BENCH_TOOLS = [
  { debian: 'nginx-light', present: () => onPath('nginx') },
  { debian: 'libnginx-mod-http-lua', present: () => existsSync('/usr/lib/nginx/modules/ngx_http_lua_module.so') },
  { debian: 'lua-cjson', present: () => existsSync('/usr/share/lua/5.4/cjson') },
  { debian: 'haproxy', present: () => onPath('haproxy') },
  { debian: 'caddy', present: () => onPath('caddy') },
  { debian: 'wrk', present: () => onPath('wrk') },
  { debian: 'nghttp2-client', present: () => onPath('h2load') },
];

const IMAGE_TOOLS = [
  { debian: 'docker.io', present: () => onPath('dockerd') && onPath('docker') },
  { debian: 'libcap2-bin', present: () => onPath('setcap') },
];

/** Daemons that Debian starts and enables with a package; the tests start their own. */
const SERVICES = {
  'etcd-server': ['etcd'],
  'nginx-light': ['nginx'],
  haproxy: ['haproxy'],
  caddy: ['caddy'],
  apache2: ['apache2'],
  prometheus: ['prometheus', 'prometheus-node-exporter'],
  'docker.io': ['docker.socket', 'docker'],
};

ensurePackages();
if (process.argv.includes('--test')) ensureTools(TEST_TOOLS);
if (process.argv.includes('--bench')) ensureTools(BENCH_TOOLS);
if (process.argv.includes('--image')) ensureTools(IMAGE_TOOLS);

function ensurePackages() {
  if (!installed()) {
    say('installing npm packages');
    // --include=dev: the project's own Node is a dev dependency, whatever NODE_ENV says.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    // stdout stays the caller's own: what npm says goes to stderr.
    const npm = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    if (npm.status !== 0) fail('npm ci failed; its messages are above');
  }
  if (!nodeWorks())
    fail('node_modules/.bin/node does not run: remove node_modules and run npm ci with scripts allowed');
}

/** Whether node_modules holds what package-lock.json says. npm leaves a lock file of what it installed in node_modules. */
function installed() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const found = packagesOf(join(root, 'node_modules/.package-lock.json'));
  if (wanted === null) fail('package-lock.json is missing or not JSON');
  if (found === null || !existsSync(ownNode)) return false;
  for (const [path, { version, integrity, optional, devOptional, peer }] of Object.entries(wanted)) {
    if (path === '') continue;
    const there = found[path];
    // Packages for other platforms are in the lock file and never installed.
    if (there === undefined && !optional && !devOptional && !peer) return false;
    if (there !== undefined && (there.version !== version || there.integrity !== integrity)) return false;
  }
  return Object.keys(found).every((path) => path in wanted);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

function nodeWorks() {
  try {
    if (realpathSync(ownNode) === realpathSync(process.execPath)) return true;
  } catch {
    return false;
  }
  return spawnSync(ownNode, ['--version'], { stdio: 'ignore' }).status === 0;
}

function ensureTools(tools) {
  const missing = tools.filter((tool) => !tool.present()).map((tool) => tool.debian);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) fail(`missing; as root: ${command}`);

  say(`installing Debian packages: ${missing.join(' ')}`);
  // RUNLEVEL keeps invoke-rc.d from starting daemons where there is no systemd.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
  apt('update'); // A list that is out of date may still do: the installation decides.
  const install = apt('install', '-y', '--no-install-recommends', ...missing);
  if (install.status !== 0) {
    process.stderr.write(install.stderr);
    fail(`this failed: ${command}`);
  }
  for (const debian of missing) for (const service of SERVICES[debian] ?? []) switchOff(service);

  const still = tools.filter((tool) => !tool.present()).map((tool) => tool.debian);
  if (still.length > 0) fail(`installed, but not found on PATH: ${still.join(' ')}`);
}

/** Stops a daemon that came up with its package a moment ago, and keeps it off. */
function switchOff(service) {
  if (existsSync('/run/systemd/system')) {
    spawnSync('systemctl', ['disable', '--quiet', '--now', service], { stdio: 'ignore' });
  } else if (existsSync(`/etc/init.d/${service}`)) {
    spawnSync(`/etc/init.d/${service}`, ['stop'], { stdio: 'ignore' });
  }
}

function onPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => executable(join(folder, command)));
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The tests run Debian's own Python; asking it takes a quarter of a second, so the place where Debian puts it comes first. */
function pythonHas(module) {
  if (!executable('/usr/bin/python3')) return false;
  if (existsSync(`/usr/lib/python3/dist-packages/${module}/__init__.py`)) return true;
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

function say(text) {
  process.stderr.write(`ensure: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
