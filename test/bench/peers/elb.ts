import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePeer } from '../peer.ts';
import { siteOf } from '../site.ts';

/** ELB as `npm run elb` starts it, with one worker; its primary is counted with it. */
export const elb = definePeer({
  name: 'elb',
  source: 'this project',
  abilities: ['large table', 'statistics', 'upgrade'],
  routing: 'graph of four nodes',
  version: () => {
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, '--version'], { encoding: 'utf8' });
    return status === 0 ? stdout.trim().replace(/^elb /, '') : null;
  },
  prepare: ({ directory, port, servers, table, statistics }) => {
    const file = join(directory, 'site.json');
    writeFileSync(file, JSON.stringify(siteOf(servers, table)));
    const args = [PROGRAM, '--file', file, '--listen', `127.0.0.1:${port}`, '--workers', '1', '--log', 'warn'];
    args.push('--state', directory);
    if (statistics !== null) args.push('--statsd', `127.0.0.1:${statistics.statsdPort}`);
    return { program: process.execPath, args };
  },
});

const PROGRAM = fileURLToPath(new URL('../../../bin/elb.ts', import.meta.url));
