import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../fixtures/free-ports.ts';
import { LOAD_CORE, PinnedProcess } from './process.ts';

/** What the servers answer: 130 bytes from memory for any path, and two files. */
export const PATHS = { small: '/catalog/shoes/42?color=black', medium: '/16k', large: '/1m' } as const;

/** The servers behind the proxies: ports, and the process that serves them. */
export interface Servers {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** Two HTTP servers: two ports of one nginx, so that switching between processes is not part of the load. */
export async function startHttpServers(directory: string): Promise<Servers> {
  const root = join(directory, 'files');
  mkdirSync(root);
  // nginx opens files as another user.
  chmodSync(directory, 0o755);
  writeFileSync(join(root, '16k'), 'x'.repeat(16 * 1024));
  writeFileSync(join(root, '1m'), 'x'.repeat(1024 * 1024));
  const ports = [freePort(), freePort()];
  const file = join(directory, 'servers.conf');
  writeFileSync(file, configuration(directory, root, ports));
  const command = { program: 'nginx', args: ['-p', directory, '-e', 'stderr', '-c', file] };
  return started(await PinnedProcess.start(LOAD_CORE, command, join(directory, 'servers.log')), ports);
}

/** Two WebSocket servers that send every message back: two ports of one process. */
export async function startEchoServers(directory: string): Promise<Servers> {
  const ports = [freePort(), freePort()];
  const program = fileURLToPath(new URL('programs/echo-server.ts', import.meta.url));
  const command = { program: process.execPath, args: [program, ...ports.map(String)] };
  return started(await PinnedProcess.start(LOAD_CORE, command, join(directory, 'echo.log')), ports);
}

async function started(pinned: PinnedProcess, ports: readonly number[]): Promise<Servers> {
  for (const port of ports) await pinned.accepts(port, 10_000);
  return { ports, stop: () => pinned.stop() };
}

function configuration(directory: string, root: string, ports: readonly number[]): string {
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr error;
pid ${directory}/servers.pid;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${directory}/servers-body;
  proxy_temp_path ${directory}/servers-proxy;
  fastcgi_temp_path ${directory}/servers-fastcgi;
  uwsgi_temp_path ${directory}/servers-uwsgi;
  scgi_temp_path ${directory}/servers-scgi;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  default_type text/plain;
  server {
    ${ports.map((port) => `listen 127.0.0.1:${port} backlog=4096;`).join(' ')}
    root ${root};
    location = ${PATHS.medium} { }
    location = ${PATHS.large} { }
    location / { return 200 "${'x'.repeat(130)}"; }
  }
}
`;
}
