import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { residentBytes } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

const MIB = 1024 * 1024;

describe('streaming through the program', () => {
  let server: Server;
  let elb: Elb | null = null;

  async function start(listener: RequestListener, env: Record<string, string> = {}): Promise<Elb> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const program = await startElb({ env, file: toPort(portOf(server)) });
    elb = program;
    // The last process to come up is the worker that stands by.
    await until('one stands by', async () => (await program.admin('GET', 'status')).text.includes('"standby"'));
    return program;
  }

  afterEach(async () => {
    await elb?.stop();
    elb = null;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('takes a 100 MiB upload and gives a 100 MiB download with less than 50 MiB more memory', async function () {
    this.timeout(120_000);
    const chunk = Buffer.alloc(MIB, 'x');
    const { port, pid } = await start(
      (incoming, outgoing) => {
        if (incoming.method === 'GET') void sendMany(outgoing, chunk, 100);
        else void count(incoming).then((bytes) => outgoing.end(String(bytes)));
      },
      { ELB_MAX_BODY: '200m' },
    );
    const before = residentBytes(pid);
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, residentBytes(pid))), 20);
    try {
      const up = request({ port, method: 'POST', path: '/', agent: false });
      const answered = once(up, 'response');
      await sendMany(up, chunk, 100);
      // The first value of `response` is the message.
      const [reply] = (await answered) as [IncomingMessage];
      expect(await text(reply)).to.equal(String(100 * MIB));

      const down = request({ port, agent: false }).end();
      const [download] = (await once(down, 'response')) as [IncomingMessage];
      // Slower than the server, so that what would be buffered is.
      let got = 0;
      for await (const part of download) {
        got += (part as Buffer).length;
        if (got % (10 * MIB) < 65_536) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(got).to.equal(100 * MIB);
    } finally {
      clearInterval(watch);
    }
    expect(most - before).to.be.below(50 * MIB);
  });

  it('passes server-sent events on as they are sent', async () => {
    const acknowledged: (() => void)[] = [];
    const { port } = await start((_, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
      void (async () => {
        for (let i = 0; i < 10; i++) {
          const { promise, resolve } = Promise.withResolvers<void>();
          acknowledged.push(resolve);
          outgoing.write(`data: ${i}\n\n`);
          await promise; // the next one is sent only after this one has arrived
        }
        outgoing.end();
      })();
    });
    const asking = request({ port, agent: false }).end();
    const [stream] = (await once(asking, 'response')) as [IncomingMessage];
    const events: string[] = [];
    for await (const part of stream) {
      events.push(String(part));
      acknowledged.shift()?.();
    }
    expect(events).to.deep.equal(Array.from({ length: 10 }, (_, i) => `data: ${i}\n\n`));
  });

  it('echoes WebSocket messages of 1 MiB', async () => {
    const { port } = await start((_, outgoing) => void outgoing.end());
    const sockets = new WebSocketServer({ server, maxPayload: 4 * MIB });
    sockets.on('connection', (socket) => socket.on('message', (message, binary) => socket.send(message, { binary })));
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { maxPayload: 4 * MIB });
    await once(socket, 'open');
    for (let i = 0; i < 5; i++) {
      const message = Buffer.alloc(MIB, `message ${i} `);
      socket.send(message);
      const [echo] = (await once(socket, 'message')) as [Buffer];
      expect(echo.equals(message)).to.equal(true);
    }
    const closed = once(socket, 'close');
    socket.close(1000, 'done');
    expect((await closed)[0]).to.equal(1000);
    sockets.close();
  });

  it("ends a server's request when its client leaves, before the reply and inside it", async () => {
    const ended: (() => void)[] = [];
    const { port } = await start((incoming, outgoing) => {
      outgoing.on('close', () => ended.shift()?.());
      if (incoming.url === '/inside') outgoing.write('first');
    });
    for (const path of ['/before', '/inside']) {
      const { promise, resolve } = Promise.withResolvers<void>();
      ended.push(resolve);
      const arrived = once(server, 'request');
      const asking = request({ port, path, agent: false }).end();
      asking.on('error', () => undefined);
      await arrived;
      if (path === '/inside') {
        const [reply] = (await once(asking, 'response')) as [IncomingMessage];
        reply.on('error', () => undefined);
      }
      asking.destroy();
      await promise;
    }
  });
});

function toPort(port: number): object {
  return {
    domains: { '*': { init: 'all', rules: { all: { type: 'backend', args: { servername: 'up' } } } } },
    upstreams: { up: { [`127.0.0.1:${port}`]: '' } },
  };
}

function portOf(server: Server): number {
  // A TCP server has an address with a port.
  return (server.address() as AddressInfo).port;
}

async function sendMany(sink: NodeJS.WritableStream, chunk: Buffer, times: number): Promise<void> {
  for (let i = 0; i < times; i++) if (!sink.write(chunk)) await once(sink, 'drain');
  sink.end();
}

async function count(stream: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const part of stream) bytes += part.length;
  return bytes;
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const part of stream) all += String(part);
  return all;
}
