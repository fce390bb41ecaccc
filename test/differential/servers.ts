import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../fixtures/free-ports.ts';
import { RawClient } from '../fixtures/plane.ts';
import { until } from '../fixtures/until.ts';

/** A server that tells what requests it has read. */
export interface TellingServer {
  readonly port: number;
  /** Each request as `status`, method, target, Host, separated by tabs; what it refused has status 400 or no target. */
  lines(): readonly string[];
  stop(): Promise<void>;
}

/** A program that writes a line for each request into its log: its files, and how it is started. */
interface Program {
  readonly command: readonly string[];
  readonly config: (port: number, folder: string) => string;
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  nginx: {
    command: ['nginx', '-e', 'stderr', '-c'],
    config: (port, folder) => `daemon off; pid ${folder}/pid; error_log ${folder}/errors;
worker_processes 1;
events {}
http {
  log_format told escape=none '$status\t$request_method\t$request_uri\t$http_host';
  access_log ${folder}/log told;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  large_client_header_buffers 8 128k; client_max_body_size 0; keepalive_requests 100000; merge_slashes off;
  server { listen 127.0.0.1:${port}; location / { return 200 ok; } }
}`,
  },
  haproxy: {
    command: ['haproxy', '-f'],
    config: (port) => `global
  log stdout format raw local0
  tune.bufsize 131072
  tune.http.maxhdr 300
  tune.http.logurilen 65535
defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend told
  bind 127.0.0.1:${port}
  log global
  http-request capture req.hdr(host) len 512
  log-format "%ST\\t%HM\\t%[capture.req.uri]\\t%[capture.req.hdr(0)]"
  http-request return status 200 content-type text/plain string ok
`,
  },
  apache: {
    command: ['apache2', '-DFOREGROUND', '-f'],
    config: (port, folder) => `ServerRoot ${folder}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
User www-data
Group www-data
Listen 127.0.0.1:${port}
StartServers 1
DocumentRoot ${folder}
ErrorLog ${folder}/errors
LogFormat "%>s\\t%m\\t%r\\t%{Host}i" told
CustomLog ${folder}/log told
KeepAliveTimeout 60
MaxKeepAliveRequests 0
LimitRequestLine 70000
LimitRequestFieldSize 70000
LimitRequestFields 200
AllowEncodedSlashes NoDecode
`,
  },
};

export const SERVER_NAMES = ['node', ...Object.keys(PROGRAMS)];

export function startTelling(name: string): Promise<TellingServer> {
  const program = PROGRAMS[name];
  return program === undefined ? startNode() : startProgram(program);
}

async function startProgram({ command, config }: Program): Promise<TellingServer> {
  const folder = mkdtempSync(join(tmpdir(), 'elb-told-'));
  // Workers run as another user.
  chmodSync(folder, 0o755);
  const port = freePort();
  const file = join(folder, 'config');
  writeFileSync(file, config(port, folder));
  const [name = '', ...args] = command;
  const child = spawn(name, [...args, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('latin1').on('data', (text) => (output += text));
  await until(`${name} accepts connections`, async () => {
    if (child.exitCode !== null) throw new Error(output);
    const probe = await RawClient.connect(port).catch(() => null);
    probe?.destroy();
    return probe !== null;
  });
  const log = join(folder, 'log');
  return {
    port,
    lines: () =>
      (existsSync(log) ? readFileSync(log, 'latin1') : output).split('\n').filter((line) => line.includes('\t')),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

async function startNode(): Promise<TellingServer> {
  const told: string[] = [];
  const server = createServer({ maxHeaderSize: 1 << 17, keepAliveTimeout: 0 }, (message, reply) => {
    message.resume().on('end', () => {
      told.push(['200', message.method, message.url, message.headers.host].join('\t'));
      reply.end('ok');
    });
  });
  server.on('checkExpectation', (message, reply) => server.emit('request', message, reply));
  server.on('clientError', (_error, socket) => {
    told.push('400\t\t\t');
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    port,
    lines: () => told,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
