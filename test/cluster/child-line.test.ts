import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Carrier } from '../../lib/net/carrier.ts';
import { ChildLine } from '../../lib/cluster/child-line.ts';
import { stopProcess } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

describe('the line to a child', () => {
  let child: ChildProcess;
  let line: ChildLine;
  let heard: unknown[];
  const failed = (error: Error): void => expect.fail(error.message);
  const hears = async (count: number): Promise<void> => {
    while (heard.length < count) await once(child, 'message');
  };

  beforeEach(async () => {
    child = fork(fileURLToPath(new URL('../fixtures/socket-taker.ts', import.meta.url)));
    line = new ChildLine(child);
    heard = [];
    child.on('message', (message) => heard.push(message));
    line.send({ is: 'ready' }, undefined, failed);
    await hears(1);
    stopProcess(child.pid!);
  });
  afterEach(() => {
    child.kill('SIGKILL');
  });

  /** Sends three sockets to the child, which is stopped, with a message behind each, and lets go of each at once. */
  const sendThree = (): { ports: readonly number[]; closed: number[] } => {
    const closed: number[] = [];
    const ports = [0, 1, 2].map((i) => {
      const socket = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
      const carrier = Carrier.of(socket.fd(), 'tcp', () => {
        closed.push(i);
        socket[Symbol.dispose]();
      });
      line.send({ socket: i }, carrier, failed);
      line.send({ behind: i }, undefined, failed);
      carrier.close();
      return socket.address().port;
    });
    return { ports, closed };
  };

  it('keeps a socket open until it has left, and the order of messages', async () => {
    const { ports, closed } = sendThree();
    // The first one is on its way; Node holds the others back until the child has taken it.
    await until('the first one has left', () => closed.length > 0);
    expect(closed).to.deep.equal([0]);
    process.kill(child.pid!, 'SIGCONT');
    await hears(7);
    expect(heard.slice(1)).to.deep.equal([0, 1, 2].flatMap((i) => [{ socket: i }, { behind: i }]));
    expect(closed).to.deep.equal([0, 1, 2]);
    for (const [i, port] of ports.entries()) {
      const [bytes] = (await once(net.connect(port, '127.0.0.1'), 'data')) as [Buffer];
      expect(String(bytes)).to.equal(JSON.stringify({ socket: i }));
    }
  });

  it('lets go of what a child that has ended did not take', async () => {
    const { closed } = sendThree();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(closed).to.deep.equal([0, 1, 2]);
    // Nobody is there any more: nothing is kept for it.
    const socket = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const carrier = Carrier.of(socket.fd(), 'tcp', () => closed.push(3));
    line.send({ socket: 3 }, carrier, failed);
    carrier.close();
    expect(closed).to.deep.equal([0, 1, 2, 3]);
    socket[Symbol.dispose]();
  });
});
