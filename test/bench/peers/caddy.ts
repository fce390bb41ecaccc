import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePeer } from '../peer.ts';
import { outputOf } from '../process.ts';
import { API_PREFIX, ASSETS, ROBOTS } from '../site.ts';

/** Caddy with one thread that runs Go code. */
export const caddy = definePeer({
  name: 'caddy',
  source: 'Debian: caddy',
  abilities: ['upgrade'],
  routing: 'matchers',
  version: () => outputOf('caddy', ['version'], /v?(\d\S*)/),
  prepare: ({ directory, port, servers }) => {
    const file = join(directory, 'Caddyfile');
    const members = servers.map((serverPort) => `127.0.0.1:${serverPort}`).join(' ');
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
(web) {
  reverse_proxy ${members} {
    lb_policy round_robin
    lb_retries 2
    header_up X-Real-IP {remote_host}
    header_up REMOTE-HOST {remote_host}
    transport http {
      compression off
      keepalive_idle_conns 4096
      keepalive_idle_conns_per_host 2048
    }
  }
}
http://:${port} {
  bind 127.0.0.1
  @robots header_regexp User-Agent (?i)${ROBOTS}
  @api path ${API_PREFIX}*
  @assets path_regexp ${ASSETS}
  handle @robots {
    respond 403
  }
  handle @api {
    import web
  }
  handle @assets {
    import web
  }
  handle {
    import web
  }
}
`,
    );
    return {
      program: 'caddy',
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
      env: { GOMAXPROCS: '1', XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
    };
  },
});
