/**
 * Builds the container image and runs it for real: `npm run test:image`. Needs root, docker.io and a free port 80; not part of
 * `npm test`. Everything is below one temporary folder, which is gone afterwards.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BASE_ENV, layOutBase } from './base.ts';
import { Daemon } from './daemon.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_IMAGE_BYTES = 300 << 20;
const NET_BIND_SERVICE = 1 << 10;

const folder = await mkdtemp(join(tmpdir(), 'elb-image-'));
const daemon = new Daemon(folder);
const server = createServer((request, response) => {
  if (request.url !== '/slow') response.end('served');
}).listen(0, '127.0.0.1');
await once(server, 'listening');

try {
  await step('a daemon of its own', () => daemon.start());
  await step('a base image of files of this machine', importBase);
  await step('the image builds', build);
  await step('it is small, carries its labels and runs as nobody in particular', inspectImage);
  const container = await step('it starts', start);
  try {
    await step('it becomes healthy', () => becomesHealthy(container));
    await step('none of its processes is root or may do more than bind a low port', () => hasNoRoot(container));
    await step('an unknown host is answered 404, a known one by its server', routes);
    await step('docker stop drains: a slow request finishes, the exit code is 0', () => drains(container));
  } catch (error) {
    console.error(await daemon.docker('logs', container));
    throw error;
  }
  console.log('image: all is well');
} finally {
  server.close();
  await daemon.stop();
  await rm(folder, { recursive: true, force: true });
}

async function importBase(): Promise<void> {
  const base = join(folder, 'base');
  mkdirSync(base);
  layOutBase(base);
  const changes = BASE_ENV.map((variable) => `ENV ${variable}`);
  await daemon.import(base, 'elb-test-base', changes);
}

async function build(): Promise<void> {
  const options = ['--network', 'host', '--build-arg', 'BASE_IMAGE=elb-test-base', '--tag', 'elb-test'];
  await daemon.docker('build', ...options, ROOT);
}

async function inspectImage(): Promise<void> {
  const [image] = JSON.parse(await daemon.docker('image', 'inspect', 'elb-test'));
  expect(image.Size).to.be.below(MAX_IMAGE_BYTES);
  expect(image.Config.Labels).to.include({ ERU: '1', elb: '1' });
  expect(image.Config.User).to.equal('10001:10001');
  console.log(`  ${Math.round(image.Size / 1e6)} MB`);
}

async function start(): Promise<string> {
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const domains = { 'a.test': { init: 'r1', rules: { r1: { type: 'backend', args: { servername: 'up' } } } } };
  const upstreams = { up: { [`127.0.0.1:${port}`]: '' } };
  const conf = join(folder, 'conf');
  mkdirSync(conf);
  writeFileSync(join(conf, 'elb.yaml'), JSON.stringify({ domains, upstreams })); // JSON is YAML
  const mount = ['--volume', `${conf}:/conf:ro`, '--env', 'ELB_FILE=/conf/elb.yaml'];
  const options = ['--detach', '--network', 'host', '--health-interval', '1s', ...mount];
  return daemon.docker('run', ...options, 'elb-test');
}

async function becomesHealthy(container: string): Promise<void> {
  const end = await daemon.event(container, (event) => /^health_status: |^die$/.test(event));
  expect(end).to.equal('health_status: healthy');
}

async function hasNoRoot(container: string): Promise<void> {
  const pids = (await daemon.docker('top', container, '-eo', 'pid')).split('\n').slice(1);
  expect(pids).to.not.be.empty;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid.trim()}/status`, 'utf8');
    const ids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    expect(ids).to.deep.equal(['10001', '10001', '10001', '10001']);
    const capabilities = Number.parseInt(/^CapEff:\s+(\w+)$/m.exec(status)?.[1] ?? '', 16);
    expect(capabilities & ~NET_BIND_SERVICE).to.equal(0);
  }
}

async function routes(): Promise<void> {
  expect((await ask('nobody.test', '/')).statusCode).to.equal(404);
  const reply = await ask('a.test', '/');
  expect(reply.statusCode).to.equal(200);
  expect(await text(reply)).to.equal('served');
}

async function drains(container: string): Promise<void> {
  const asked = once(server, 'request');
  const slow = ask('a.test', '/slow');
  const [, response] = await asked;
  const stopped = daemon.docker('stop', '--time', '20', container);
  await refusesConnections();
  response.end('served');
  const reply = await slow;
  expect(reply.statusCode).to.equal(200);
  expect(await text(reply)).to.equal('served');
  await stopped;
  expect(await daemon.docker('wait', container)).to.equal('0');
}

function ask(host: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: 80, path, headers: { host }, agent: false }, resolve).on('error', reject);
  });
}

/** Resolves once nobody listens on port 80 any more. Connecting is the only way to see it. */
async function refusesConnections(): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const socket = connect(80, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (!open) return;
    await setTimeout(50);
  }
  throw new Error('still listening ten seconds after docker stop');
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  try {
    const result = await work();
    console.log(`ok ${what} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    console.log(`not ok ${what}`);
    throw error;
  }
}
