import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { formatListenAddress } from '../../lib/core/listener.ts';

const module = fileURLToPath(new URL('../../lib/cluster/inherited-sockets.ts', import.meta.url));

/** What a process that inherits these descriptors from number 3 on sees; `env` is evaluated there. */
async function seenBy(fds: readonly number[], env: string): Promise<string> {
  const program = `
    import { inheritedSockets } from ${JSON.stringify(module)};
    try {
      console.log(JSON.stringify(inheritedSockets(${env}).map(({ address, fd }) => [address, fd])));
    } catch (error) {
      console.log(error.message);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit', ...fds],
  });
  return child.stdout === null ? '' : (await text(child.stdout)).trim();
}

describe('inherited sockets', () => {
  const env = '{ LISTEN_FDS: "1", LISTEN_PID: String(process.pid) }';

  for (const host of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    it(`are known by where they listen: ${host}`, async () => {
      const { server, fd } = await listening({ host });
      const { port } = server.address() as net.AddressInfo;
      const seen = JSON.parse(await seenBy([fd], env)) as [Parameters<typeof formatListenAddress>[0], number][];
      server.close();
      expect(seen).to.deep.equal([[{ kind: 'tcp', host, port }, 3]]);
    });
  }

  it('may be Unix sockets', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-inherited-'));
    const path = join(directory, 'a.sock');
    const { server, fd } = await listening({ path });
    expect(JSON.parse(await seenBy([fd], env))).to.deep.equal([[{ kind: 'unix', path }, 3]]);
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('are refused where they do not listen, or are none', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const refusal = 'LISTEN_FDS: descriptor 3 is not a listening stream socket';
    expect(await seenBy([bound.fd()], env)).to.equal(refusal);
    expect(await seenBy([2], env)).to.equal(refusal);
    bound.close();
  });

  for (const other of [
    '{}',
    '{ LISTEN_FDS: "1" }',
    '{ LISTEN_FDS: "1", LISTEN_PID: "1" }',
    '{ LISTEN_FDS: "x", LISTEN_PID: String(process.pid) }',
  ]) {
    it(`are another process's with ${other}`, async () => {
      expect(await seenBy([2], other)).to.equal('[]');
    });
  }
});

/** A server, and its descriptor to hand to a child as systemd would. */
async function listening(options: { host: string } | { path: string }): Promise<{ server: net.Server; fd: number }> {
  // `path` is missing in the published types.
  const bound = new net.BoundSocket(options as net.BoundSocketOptions);
  const fd = bound.fd();
  const server = net.createServer().listen(bound);
  await once(server, 'listening');
  return { server, fd };
}
