import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requestText } from '../bench/request.ts';
import { RUNTIME_FLAGS } from '../../bin/runtime-flags.ts';

/** Bytes in use, as the plane's process sees them. */
interface Memory {
  readonly heapUsed: number;
  readonly arrayBuffers: number;
}

/** Bytes of heap an exchange may take: about 3,200 were measured, most of them the text of the two heads. */
const HEAP_BUDGET = 8192;
/** Less means that something was collected meanwhile and the figure says nothing. */
const HEAP_LEAST = 256;
/** Bytes of buffers: sockets are read into one that all of them share. */
const BUFFER_BUDGET = 256;
/** Bytes that are still there after a collection: none, but for what the runtime keeps for itself. */
const KEPT_BUDGET = 64;
const EXCHANGES = 20_000;
const CLIENTS = 8;

describe('allocation of an exchange', () => {
  let server: net.Server;
  let child: ChildProcess;
  let clients: net.Socket[];

  before(async () => {
    server = net.createServer((socket) => socket.on('data', () => socket.write(REPLY))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // It listens on TCP.
    const { port: serverPort } = server.address() as net.AddressInfo;
    // A young generation so large that nothing is collected while it is measured: growth is what was allocated.
    const execArgv = [...RUNTIME_FLAGS, '--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];
    child = fork(PROGRAM, [String(serverPort)], { execArgv });
    const port = await answer<number>();
    clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
  });

  after(async () => {
    for (const client of clients) client.destroy();
    child.kill();
    await once(child, 'exit');
    server.close();
  });

  it('stays within its budget and leaves nothing behind', async () => {
    await exchange(EXCHANGES);
    const start = await memory('collect');
    await exchange(EXCHANGES);
    const full = await memory('look');
    const end = await memory('collect');

    expect((full.heapUsed - start.heapUsed) / EXCHANGES, 'heap allocated').to.be.within(HEAP_LEAST, HEAP_BUDGET);
    expect((full.arrayBuffers - start.arrayBuffers) / EXCHANGES, 'buffers allocated').to.be.below(BUFFER_BUDGET);
    expect((end.heapUsed - start.heapUsed) / EXCHANGES, 'heap kept').to.be.below(KEPT_BUDGET);
  });

  /** Requests one after another on each connection. */
  async function exchange(count: number): Promise<void> {
    let left = count;
    await Promise.all(
      clients.map(async (client) => {
        while (left-- > 0) {
          client.write(REQUEST);
          const [bytes] = await once(client, 'data');
          expect(String(bytes).startsWith('HTTP/1.1 200')).to.equal(true);
        }
      }),
    );
  }

  async function memory(how: 'collect' | 'look'): Promise<Memory> {
    child.send(how);
    return answer<Memory>();
  }

  async function answer<Value>(): Promise<Value> {
    const [value] = await once(child, 'message');
    return value;
  }
});

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

const PROGRAM = fileURLToPath(new URL('../fixtures/plane-process.ts', import.meta.url));
const REQUEST = requestText({ path: '/catalog/shoes/42?color=black' });
const REPLY = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 130\r\n\r\n${'x'.repeat(130)}`;
