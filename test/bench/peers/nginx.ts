import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePeer } from '../peer.ts';
import { outputOf } from '../process.ts';
import { API_PREFIX, ASSETS, ROBOTS, UPSTREAM, otherDomains, otherUpstreams } from '../site.ts';
import type { Scene } from '../peer.ts';
import type { Command } from '../process.ts';

/** nginx: the graph's decisions in its own words, `map` and `location`; domains are a `map` to upstreams. */
export const nginx = definePeer({
  name: 'nginx',
  source: 'Debian: nginx',
  abilities: ['large table', 'statistics', 'upgrade'],
  routing: 'map and location',
  version: nginxVersion,
  prepare: (scene) => nginxCommand(scene, { main: '', http: maps(scene), server: locations() }),
});

/** What differs between the configurations of two peers that are nginx. */
export interface NginxParts {
  readonly main: string;
  readonly http: string;
  readonly server: string;
}

export function nginxVersion(): string | null {
  return outputOf('nginx', ['-v'], /nginx\/(\S+)/);
}

/** One worker, no disk for bodies, limits far away, and the header fields that ELB sets. */
export function nginxCommand(scene: Scene, { main, http, server }: NginxParts): Command {
  const { directory, port, servers, table, statistics } = scene;
  const file = join(directory, 'nginx.conf');
  const members = servers.map((serverPort) => `server 127.0.0.1:${serverPort};`).join(' ');
  const other = otherUpstreams(table).map((name) => `upstream ${name} { ${members} keepalive 32; }\n`);
  writeFileSync(
    file,
    `daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr error;
pid ${directory}/nginx.pid;
${main}
events { worker_connections 16384; }
http {
  access_log ${statistics === null ? 'off' : `${directory}/access.log combined buffer=64k flush=1s`};
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_max_body_size 50m;
  client_body_buffer_size 64k;
  tcp_nodelay on;
  proxy_http_version 1.1;
  proxy_max_temp_file_size 0;
  proxy_next_upstream error timeout invalid_header http_500 http_504;
  proxy_next_upstream_tries 3;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header REMOTE-HOST $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header Connection $server_connection;
  proxy_set_header Upgrade $http_upgrade;
  proxy_read_timeout 1h;
  map_hash_max_size 262144;
  map_hash_bucket_size 128;
  map $http_upgrade $server_connection { '' ''; default upgrade; }
  upstream ${UPSTREAM} { ${members} keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 1h; }
  ${other.join('  ')}
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${server}
  }
}
`,
  );
  return { program: 'nginx', args: ['-p', directory, '-e', 'stderr', '-c', file] };
}

function maps({ table }: Scene): string {
  const domains = otherDomains(table).map(({ domain, upstream }) => `    ${domain} ${upstream};\n`);
  return `map $http_user_agent $robot { default 0; "~*${ROBOTS}" 1; }
  map $host $upstream {
    default ${UPSTREAM};
${domains.join('')}  }`;
}

function locations(): string {
  return `if ($robot) { return 403; }
    location ${API_PREFIX} { proxy_pass http://$upstream; }
    location ~ "${ASSETS}" { proxy_pass http://$upstream; }
    location / { proxy_pass http://$upstream; }`;
}
