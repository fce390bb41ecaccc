import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePeer } from '../peer.ts';
import { outputOf } from '../process.ts';
import { API_PREFIX, ASSETS, ROBOTS } from '../site.ts';

/** HAProxy with one thread. */
export const haproxy = definePeer({
  name: 'haproxy',
  source: 'Debian: haproxy',
  abilities: ['upgrade'],
  routing: 'ACLs',
  version: () => outputOf('haproxy', ['-v'], /version (\S+)/),
  prepare: ({ directory, port, servers }) => {
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(
      file,
      `global
  nbthread 1
  no strict-limits
  maxconn 12000
  log stderr local0 warning
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  retries 2
  retry-on conn-failure empty-response response-timeout 500 504
  option redispatch
  option http-keep-alive
  http-reuse always
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  acl robot req.hdr(User-Agent) -m reg -i ${quoted(ROBOTS)}
  acl api path_beg ${API_PREFIX}
  acl assets path_reg ${quoted(ASSETS)}
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header REMOTE-HOST %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  use_backend robots if robot
  use_backend web if api
  use_backend web if assets
  default_backend web
backend robots
  http-request deny
backend web
  balance roundrobin
${servers.map((serverPort, i) => `  server s${i} 127.0.0.1:${serverPort}\n`).join('')}`,
    );
    return { program: 'haproxy', args: ['-db', '-f', file] };
  },
});

function quoted(text: string): string {
  return `'${text}'`;
}
