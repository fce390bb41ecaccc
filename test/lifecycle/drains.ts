import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { startExactLoad } from '../fixtures/exact-load.ts';
import type { Lost } from '../fixtures/exact-load.ts';
import { startNamedServer } from '../fixtures/named-servers.ts';
import { openSharedSocket } from '../fixtures/shared-socket.ts';
import { HOST, PATIENCE, siteFor } from './site.ts';

export interface DrainsReport {
  /** Exit codes, one for each drain. */
  readonly codes: readonly (number | null)[];
  readonly answered: number;
  readonly lost: readonly Lost[];
}

/**
 * Two instances share one listening socket, as two services of one systemd socket do. Under load they are told to drain in turn, and
 * each is started again before it is the other's turn.
 */
export async function drains(count: number, workers: number): Promise<DrainsReport> {
  const server = await startNamedServer('web');
  const socket = openSharedSocket();
  const options = { file: siteFor(server), sockets: [socket.fd], env: { ...PATIENCE, ELB_WORKERS: String(workers) } };
  const instances: Elb[] = [];
  try {
    instances.push(await startElb(options), await startElb(options));
    const load = startExactLoad({ port: socket.port, host: HOST, expected: 'web ' });
    const codes: (number | null)[] = [];
    for (let i = 0; i < count; i++) {
      const leaving = instances.shift();
      codes.push((await leaving?.stop())?.code ?? null);
      instances.push(await startElb(options));
    }
    await load.stop();
    return { codes, answered: load.answered, lost: load.lost };
  } finally {
    await Promise.all(instances.map((elb) => elb.stop()));
    socket.close();
    await server.stop();
  }
}
