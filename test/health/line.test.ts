import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Line } from '../../lib/health/line.ts';

describe('line of a check', () => {
  it('goes to a Unix socket, with its greeting first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-line-'));
    const path = join(folder, 'web.sock');
    const server = createServer((socket) => {
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString();
        if (text === 'PROXY UNKNOWN ping') socket.end('pong');
      });
    });
    server.listen(path);
    await once(server, 'listening');
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let heard = '';
    const line = new Line({ host: `unix:${path}`, port: 0, name: 'localhost' }, null, 'PROXY UNKNOWN ', {
      onOpen: () => line.write('ping'),
      onBytes: (bytes, from, to) => (heard += bytes.latin1Slice(from, to)),
      onEnd: () => resolve(heard),
      onLost: (reason) => reject(new Error(reason)),
    });
    expect(await promise).to.equal('pong');
    line.drop();
    server.close();
    rmSync(folder, { recursive: true });
  });
});
