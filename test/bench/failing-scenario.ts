import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patientLoad, type LoadResult } from './patient-load.ts';
import type { Command } from './process.ts';
import type { Mode } from './programs/failing-servers.ts';

/** What is wrong with one of ten servers. A black hole accepts connections and says nothing: its process is stopped. */
export type Trouble = Exclude<Mode, 'well'> | 'black hole';
export const TROUBLES: readonly Trouble[] = ['slow', 'erroring', 'flapping', 'black hole'];

/** A balancer with its defaults: nothing is set but where it listens, its servers, and what it cannot do without. */
export interface Contender {
  readonly name: string;
  command(port: number, servers: readonly number[], directory: string): Command;
}

export const CONTENDERS: readonly Contender[] = [
  {
    name: 'elb',
    command(port, servers, directory) {
      const file = join(directory, 'elb.json');
      const graph = { init: 'all', rules: { all: { type: 'backend', args: { servername: 'ten' } } } };
      const ten = Object.fromEntries(servers.map((server) => [`127.0.0.1:${server}`, '']));
      writeFileSync(file, JSON.stringify({ domains: { '*': graph }, upstreams: { ten } }));
      const program = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));
      const args = [program, '--file', file, '--state', directory, '--listen', `127.0.0.1:${port}`, '--workers', '1'];
      return { program: process.execPath, args: [...args, '--log', 'error'] };
    },
  },
  {
    name: 'nginx',
    command(port, servers, directory) {
      const file = join(directory, 'nginx.conf');
      writeFileSync(
        file,
        `daemon off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log; events {}
http {
  access_log off;
  client_body_temp_path ${directory}/1; proxy_temp_path ${directory}/2; fastcgi_temp_path ${directory}/3;
  uwsgi_temp_path ${directory}/4; scgi_temp_path ${directory}/5;
  upstream ten { ${servers.map((server) => `server 127.0.0.1:${server};`).join(' ')} }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://ten; } }
}`,
      );
      return { program: 'nginx', args: ['-e', 'stderr', '-c', file] };
    },
  },
  {
    name: 'haproxy',
    // Its times have no defaults; these are those of Debian's configuration.
    command(port, servers, directory) {
      const file = join(directory, 'haproxy.cfg');
      writeFileSync(
        file,
        `defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend all
  bind 127.0.0.1:${port}
  default_backend ten
backend ten
  balance roundrobin
${servers.map((server, i) => `  server s${i} 127.0.0.1:${server}`).join('\n')}
`,
      );
      return { program: 'haproxy', args: ['-db', '-f', file] };
    },
  },
];

/** Ten servers, nine of which are always well; the tenth is a process of its own. */
export class TenServers {
  readonly ports: readonly number[];
  readonly #well: ChildProcess;
  readonly #tenth: ChildProcess;

  private constructor(well: ChildProcess, tenth: ChildProcess, ports: readonly number[]) {
    this.#well = well;
    this.#tenth = tenth;
    this.ports = ports;
  }

  static async start(): Promise<TenServers> {
    const program = fileURLToPath(new URL('programs/failing-servers.ts', import.meta.url));
    const start = async (count: number): Promise<[ChildProcess, number[]]> => {
      const child = fork(program, [String(count)]);
      const [ports] = (await once(child, 'message')) as [number[]]; // what the program sends
      return [child, ports];
    };
    const [[well, nine], [tenth, one]] = await Promise.all([start(9), start(1)]);
    return new TenServers(well, tenth, [...one, ...nine]);
  }

  begin(trouble: Trouble): void {
    if (trouble === 'black hole') this.#tenth.kill('SIGSTOP');
    else this.#tenth.send(trouble);
  }

  end(): void {
    this.#tenth.kill('SIGCONT');
    this.#tenth.send('well');
  }

  async stop(): Promise<void> {
    const ended = [this.#well, this.#tenth].map((child) => once(child, 'exit'));
    for (const child of [this.#well, this.#tenth]) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}

export interface Timing {
  readonly ratePerS: number;
  /** The trouble lasts the middle half of it. */
  readonly seconds: number;
  readonly patienceMs: number;
}

/** All balancers at the same time, each under its own load, in front of the same ten servers, one of which gets into trouble. */
export async function runTrouble(
  trouble: Trouble,
  servers: TenServers,
  ports: readonly number[],
  { ratePerS, seconds, patienceMs }: Timing,
): Promise<LoadResult[]> {
  const loads = ports.map((port) => patientLoad(port, ratePerS, seconds, patienceMs));
  await delay((seconds / 4) * 1000);
  servers.begin(trouble);
  await delay((seconds / 2) * 1000);
  servers.end();
  return Promise.all(loads);
}
