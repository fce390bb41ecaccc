import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { pino, type Logger } from 'pino';
import { Statsd, type StatsdOptions } from '../../lib/stats/statsd.ts';

describe('stats/statsd', () => {
  const stops: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  it('sends one datagram with the exact lines', async () => {
    const { port, next } = await receiver();
    const statsd = start({ port });
    statsd.meter.exchange('a.test', 200, 12);
    statsd.flush();
    expect(await next()).to.equal('ELB.a_test.total:1|c\nELB.a_test.status.200:1|c\nELB.a_test.cost:12|ms');
  });

  it('sums counters, sends every time, and rounds it to a millisecond', async () => {
    const { port, next } = await receiver();
    const statsd = start({ port, prefix: 'edge-1' });
    statsd.meter.exchange('a.test', 200, 0.4);
    statsd.meter.exchange('a.test', 502, 30.5);
    statsd.meter.exchange('a.test', 200, 2);
    statsd.flush();
    expect((await next()).split('\n')).to.deep.equal([
      'edge-1.a_test.total:3|c',
      'edge-1.a_test.status.200:2|c',
      'edge-1.a_test.status.502:1|c',
      'edge-1.a_test.cost:0|ms',
      'edge-1.a_test.cost:31|ms',
      'edge-1.a_test.cost:2|ms',
    ]);
  });

  it('takes nothing from the environment into the lines', async () => {
    const before = process.env.DD_ENV;
    process.env.DD_ENV = 'production';
    stops.push(() => {
      if (before === undefined) delete process.env.DD_ENV;
      else process.env.DD_ENV = before;
    });
    const { port, next } = await receiver();
    const statsd = start({ port });
    statsd.meter.exchange('a.test', 200, 1);
    statsd.flush();
    expect(await next()).to.equal('ELB.a_test.total:1|c\nELB.a_test.status.200:1|c\nELB.a_test.cost:1|ms');
  });

  it('makes the instance name safe and keeps its dots', async () => {
    const { port, next } = await receiver();
    const statsd = start({ port, prefix: 'eu.lb:1|x' });
    statsd.meter.exchange('a.test', 200, 1);
    statsd.flush();
    expect(await next()).to.match(/^eu\.lb_1_x\.a_test\.total:1\|c\n/);
  });

  it('splits what does not fit into datagrams of at most 1400 bytes, at line ends, and loses nothing', async () => {
    const { port, next } = await receiver();
    const statsd = start({ port });
    const count = 300;
    for (let ms = 0; ms < count; ms++) statsd.meter.exchange('a.test', 200, ms);
    statsd.flush();
    const lines: string[] = [];
    let datagrams = 0;
    while (lines.length < count + 2) {
      const datagram = await next();
      expect(Buffer.byteLength(datagram)).to.be.at.most(1400);
      lines.push(...datagram.split('\n'));
      datagrams++;
    }
    const costs = Array.from({ length: count }, (_, ms) => `ELB.a_test.cost:${ms}|ms`);
    expect(lines).to.deep.equal(['ELB.a_test.total:300|c', 'ELB.a_test.status.200:300|c', ...costs]);
    expect(datagrams).to.be.below(8);
  });

  it('flushes by itself', async () => {
    const { port, next } = await receiver();
    const statsd = start({ port, flushMs: 5 });
    statsd.meter.exchange('a.test', 200, 1);
    expect(await next()).to.contain('ELB.a_test.total:1|c');
  });

  it('sends what is left when it stops, and nothing afterwards', async () => {
    const { port, next, received } = await receiver();
    const statsd = start({ port });
    statsd.meter.exchange('a.test', 200, 1);
    await statsd.stop();
    expect(await next()).to.contain('ELB.a_test.total:1|c');
    statsd.meter.exchange('a.test', 200, 1);
    statsd.flush();
    await statsd.stop();
    await marker(port, next);
    expect(received()).to.equal(2); // the first one and the marker
  });

  it('sends nothing where nothing was counted', async () => {
    const { port, next, received } = await receiver();
    start({ port }).flush();
    await marker(port, next);
    expect(received()).to.equal(1);
  });

  for (const [host, family] of [
    ['[::1]', 'udp6'],
    ['::1', 'udp6'],
    ['localhost', 'udp4'],
  ] as const) {
    it(`reaches a daemon at ${host}`, async () => {
      const { port, next } = await receiver(family);
      const statsd = start({ host, port, flushMs: 5 });
      statsd.meter.exchange('a.test', 200, 1);
      expect(await next()).to.contain('ELB.a_test.total:1|c');
    });
  }

  it('says once that a name does not resolve, and goes on counting within bounds', async () => {
    const { log, lines, written } = logLines();
    const statsd = start({ host: 'statsd.invalid', log, flushMs: 1 });
    await written();
    for (let i = 0; i < 50; i++) {
      statsd.meter.exchange('a.test', 200, 1);
      statsd.flush();
    }
    await statsd.stop();
    expect(lines.map((line) => line.msg)).to.deep.equal(['statsd cannot be reached; statistics are lost']);
    expect(lines[0]).to.include({ level: 40, statsd: 'statsd.invalid:8125' });
  });

  it('survives a daemon that refuses', async () => {
    const { port, close } = await receiver();
    await close();
    const statsd = start({ port });
    for (let i = 0; i < 20; i++) {
      statsd.meter.exchange('a.test', 200, 1);
      statsd.flush();
    }
    const again = await receiver('udp4', port); // the same socket reaches the daemon when it is back
    statsd.meter.exchange('a.test', 204, 1);
    statsd.flush();
    let datagram = '';
    while (!datagram.includes('status.204')) datagram = await again.next();
    expect(datagram).to.equal('ELB.a_test.total:1|c\nELB.a_test.status.204:1|c\nELB.a_test.cost:1|ms');
  });

  function start(options: Partial<StatsdOptions>): Statsd {
    const log = options.log ?? pino({ level: 'silent' });
    const statsd = new Statsd({ host: '127.0.0.1', port: 8125, prefix: 'ELB', flushMs: 3_600_000, ...options, log });
    stops.push(() => statsd.stop());
    return statsd;
  }

  /** A UDP listener that hands out its datagrams in order. */
  async function receiver(family: 'udp4' | 'udp6' = 'udp4', wantedPort = 0) {
    const socket: Socket = createSocket(family);
    const datagrams: string[] = [];
    let count = 0;
    let waiting: (() => void) | null = null;
    socket.on('message', (bytes) => {
      count++;
      datagrams.push(bytes.toString('latin1'));
      waiting?.();
    });
    socket.bind(wantedPort, family === 'udp4' ? '127.0.0.1' : '::1');
    await once(socket, 'listening');
    let open = true;
    const closeSocket = async (): Promise<void> => {
      if (!open) return;
      open = false;
      socket.close();
      await once(socket, 'close');
    };
    stops.push(closeSocket);
    const next = async (): Promise<string> => {
      while (datagrams.length === 0) await new Promise<void>((resolve) => (waiting = resolve));
      return datagrams.shift() ?? '';
    };
    return { port: socket.address().port, next, received: () => count, close: closeSocket };
  }
});

function logLines(): { log: Logger; lines: Record<string, unknown>[]; written: () => Promise<void> } {
  const lines: Record<string, unknown>[] = [];
  let waiting: (() => void) | null = null;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      waiting?.();
      done();
    },
  });
  const written = async (): Promise<void> => {
    while (lines.length === 0) await new Promise<void>((resolve) => (waiting = resolve));
  };
  return { log: pino({}, sink), lines, written };
}

/** Returns when a datagram sent now has arrived: everything sent before it on this machine has, too. */
async function marker(port: number, next: () => Promise<string>): Promise<void> {
  const socket = createSocket('udp4');
  socket.send('marker', port, '127.0.0.1');
  while ((await next()) !== 'marker');
  socket.close();
}
