import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

const UNITS = fileURLToPath(new URL('../../docs/systemd', import.meta.url));
const LISTENER = fileURLToPath(new URL('../fixtures/notify_socket.py', import.meta.url));

describe('systemd', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-systemd-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('finds nothing wrong with the units, and little that the service could reach', () => {
    cpSync(UNITS, directory, { recursive: true });
    const service = join(directory, 'elb.service');
    // The program is not installed on this machine.
    writeFileSync(
      service,
      readFileSync(service, 'utf8').replace('ExecStart=/usr/local/bin/elb', 'ExecStart=/bin/true'),
    );
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', service, join(directory, 'elb.socket')], {
      encoding: 'utf8',
    });
    expect(verified.stderr).to.equal('');
    expect(verified.status).to.equal(0);
    // From 0, nothing, to 10, everything.
    const security = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', service], {
      encoding: 'utf8',
    });
    expect(Number(/exposure level for elb\.service: ([\d.]+)/.exec(security.stdout)?.[1])).to.be.below(2);
  });

  it('is told when ELB serves, is upgraded and drains', async () => {
    const socket = join(directory, 'notify');
    const listener = spawn('/usr/bin/python3', [LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const heard: string[] = [];
    createInterface({ input: listener.stdout }).on('line', (line) => {
      // `systemd-notify` ends each of its calls with a datagram of its own, at whatever moment (sd_notify_barrier(3)).
      if (line !== 'BARRIER=1') heard.push(line);
    });
    try {
      await until('the listener listens', () => heard.includes('listening'));
      const elb = await startElb({ env: { NOTIFY_SOCKET: socket } });
      const told = (text: string): boolean => heard.some((line) => line.includes(text));
      await until('it is told that ELB serves', () => told('READY=1 STATUS=serving'));
      const before = heard.length;
      elb.kill('SIGUSR2');
      await until('it is told that an upgrade is over', () =>
        heard.slice(before).some((line) => line.includes('READY=1')),
      );
      expect(heard.slice(before)[0]).to.match(/^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=upgrading/);
      await elb.stop();
      await until('it is told that ELB drains', () => told('STOPPING=1 STATUS=draining'));
    } finally {
      listener.kill();
    }
  });
});
