import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { pino } from 'pino';
import { Statsd } from '../../lib/stats/statsd.ts';

const DAEMON = fileURLToPath(import.meta.resolve('statsd/stats.js'));

/** The daemon logs with `util.log`, which Node 23 removed. */
const UTIL_LOG = `data:text/javascript,import util from 'node:util'; util.log ??= console.log;`;

describe('stats/statsd with the real daemon', () => {
  let folder = '';
  let daemon: ChildProcess;
  let port = 0;
  let printed = '';
  let news = Promise.withResolvers<void>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'elb-statsd-'));
    port = await freeUdpPort();
    const config = {
      address: '127.0.0.1',
      port,
      mgmt_address: '127.0.0.1',
      mgmt_port: await freeTcpPort(),
      flushInterval: 100,
      deleteIdleStats: true,
      backends: ['./backends/console'],
    };
    await writeFile(join(folder, 'config.js'), `(${JSON.stringify(config)})`);
    daemon = spawn(process.execPath, ['--import', UTIL_LOG, DAEMON, join(folder, 'config.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = createInterface({ input: daemon.stdout ?? process.stdin });
    output.on('line', (line) => {
      printed += `${line}\n`;
      news.resolve();
    });
    output.on('close', () => news.reject(new Error(`statsd ended: ${printed}`)));
    // It says that it is up before its socket is bound: it is when the first counter has arrived.
    const probe = createSocket('udp4').unref();
    await prints(/'probe\.seen': /, () => probe.send('probe.seen:1|c', port, '127.0.0.1'));
    probe.close();
  });

  after(async () => {
    if (daemon.exitCode === null) {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  it('prints the counters and the times of two hosts', async () => {
    const statsd = new Statsd({ host: '127.0.0.1', port, prefix: 'ELB', log: pino({ level: 'silent' }) });
    for (let ms = 1; ms <= 100; ms++) statsd.meter.exchange('a.test', 200, ms);
    statsd.meter.exchange('b.example.com', 502, 7);
    await statsd.stop();

    await prints(/'ELB\.b_example_com\.cost': \[ 7 \]/);
    expect(sum('ELB.a_test.total')).to.equal(100);
    expect(sum('ELB.a_test.status.200')).to.equal(100);
    expect(sum('ELB.b_example_com.total')).to.equal(1);
    expect(sum('ELB.b_example_com.status.502')).to.equal(1);
    expect(printed).to.match(/'ELB\.a_test\.cost': \[/);
    expect(sum('statsd.bad_lines_seen')).to.equal(0);
  });

  /** Sum of a counter over all flushes. */
  function sum(name: string): number {
    const counters = printed.matchAll(/^ {2}counters: \{([^}]*)\}/gm);
    let total = 0;
    for (const [, body = ''] of counters) {
      for (const [, key, value] of body.matchAll(/'([^']+)': (\d+)/g)) if (key === name) total += Number(value);
    }
    return total;
  }

  /** Resolves once it has printed that; asks again after each line. It prints some at every flush. */
  async function prints(pattern: RegExp, ask?: () => void): Promise<void> {
    while (!pattern.test(printed)) {
      news = Promise.withResolvers();
      news.promise.catch(() => undefined); // it may end while nobody waits
      ask?.();
      await news.promise;
    }
  }
});

/** The daemon takes no port 0: one that is free a moment before. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  server.close();
  await once(server, 'close');
  return port;
}
