import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePeer } from '../peer.ts';
import { siteOf } from '../site.ts';

/** ELB as `npm run elb` starts it; its primary is counted with its workers. */
export const elb = definePeer({
  name: 'elb',
  source: 'this project',
  abilities: ['large table', 'statistics', 'upgrade'],
  routing: 'graph of four nodes',
  version: () => {
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, '--version'], { encoding: 'utf8' });
    return status === 0 ? stdout.trim().replace(/^elb /, '') : null;
  },
  prepare: ({ directory, port, workers, servers, table, statistics }) => {
    const file = join(directory, 'site.json');
    writeFileSync(file, JSON.stringify(siteOf(servers, table)));
    const place = [
      '--file',
      file,
      '--state',
      directory,
      '--listen',
      `127.0.0.1:${port}`,
      '--workers',
      String(workers),
      '--log',
      'warn',
    ];
    // As little as nginx reports, unless that is the work.
    const reports =
      statistics === null
        ? ['--metrics', 'off', '--recent-requests', '0']
        : [
            '--statsd',
            `127.0.0.1:${statistics.statsdPort}`,
            '--access-log',
            join(directory, 'access.log'),
            '--access-log-format',
            'combined',
          ];
    // Load at full speed is overload, from which nobody is to be turned away here.
    const patience = ['--max-wait', '1m', '--keep-alive', '1h'];
    return { program: process.execPath, args: [PROGRAM, ...place, ...reports, ...patience] };
  },
});

const PROGRAM = fileURLToPath(new URL('../../../bin/elb.ts', import.meta.url));
