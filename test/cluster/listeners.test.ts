import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import { Listeners } from '../../lib/cluster/listeners.ts';
import type { BoundAddress } from '../../lib/cluster/sockets.ts';
import { formatListenAddress, type ListenAddress } from '../../lib/core/listener.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('listeners', () => {
  let scheduler: ManualScheduler;
  let told: string[];
  let lines: string[];
  let listeners: Listeners;
  let occupants: net.Server[];

  const inherited: BoundAddress[] = [];
  const create = (): Listeners => {
    const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
    const signal = told;
    return new Listeners(
      {
        scheduler,
        log,
        onOpen: ({ address }) => signal.push(`open ${formatListenAddress(address)}`),
        onShut: (address) => signal.push(`shut ${formatListenAddress(address)}`),
        onRename: (from, { address }) =>
          signal.push(`rename ${formatListenAddress(from)} ${formatListenAddress(address)}`),
        onChange: (views) => signal.push(views.map(({ state }) => state).join()),
        sharesSockets: true,
      },
      inherited,
    );
  };

  beforeEach(() => {
    scheduler = new ManualScheduler();
    told = [];
    lines = [];
    occupants = [];
    inherited.length = 0;
    listeners = create();
  });

  afterEach(async () => {
    listeners.close();
    for (const server of occupants) await left(server);
  });

  /** Somebody else who listens. */
  const occupy = async (): Promise<{ readonly server: net.Server; readonly address: ListenAddress }> => {
    const server = net.createServer().listen(0, '127.0.0.1');
    occupants.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    return { server, address: tcp(port) };
  };

  it('all or none, unless those that cannot be bound are to be tried again', async () => {
    const { address } = await occupy();
    const text = formatListenAddress(address);
    const error = await listeners.start([tcp(0), address], false).catch((reason: Error) => reason.message);
    expect(error).to.equal(`cannot listen on ${text}: the address is in use`);
    listeners = create();
    await listeners.start([tcp(0), address], true);
    expect(listeners.bound).to.have.length(1);
    expect(listeners.views().map(({ state, reason }) => [state, reason])).to.deep.equal([
      ['listening', null],
      ['failed', 'the address is in use'],
    ]);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).to.deep.equal([
      'cannot listen: it is tried again',
    ]);
    // Whoever starts finds those that are bound by itself.
    expect(told).to.deep.equal([]);
  });

  it('tries again every ten seconds, says nothing while nothing is new, and serves once it can', async () => {
    const { server, address } = await occupy();
    const text = formatListenAddress(address);
    await listeners.start([address], true);
    await scheduler.pass(9999);
    await settled();
    expect(told).to.deep.equal([]);
    await scheduler.pass(1);
    await tried(1);
    await left(server);
    await scheduler.pass(10_000);
    await tried(3);
    expect(told).to.deep.equal(['failed', `open ${text}`, 'listening']);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).to.deep.equal([
      'cannot listen: it is tried again',
      'listening',
    ]);
    await scheduler.pass(60_000);
    await settled();
    expect(told).to.have.length(3);
  });

  it('what is asked for no more goes, what is new comes, and the others hear nothing of it', async () => {
    await listeners.start([tcp(0), secure(0)], false);
    const [stays, goes] = listeners.bound;
    const { address } = await occupy();
    await listeners.change([tcp(0), address]);
    expect(told).to.deep.equal([`shut ${formatListenAddress(goes!.address)}`, 'listening,failed']);
    expect(listeners.bound).to.deep.equal([stays]);
  });

  it('a place of which something else is asked keeps its socket', async () => {
    const { server, address } = await occupy();
    await left(server);
    await listeners.start([address], false);
    const [{ fd } = { fd: -1 }] = listeners.bound;
    const { port } = address as ListenAddress & { kind: 'tcp' };
    await listeners.change([secure(port)]);
    expect(told).to.deep.equal([`rename 127.0.0.1:${port} tls:127.0.0.1:${port}`, 'listening']);
    expect(listeners.bound.map((bound) => bound.fd)).to.deep.equal([fd]);
  });

  it('sockets that were inherited stay, whatever is asked for', async () => {
    await listeners.start([tcp(0)], false);
    const [own] = listeners.bound;
    inherited.push(own!);
    const second = create();
    await second.start([], false);
    await second.change([]);
    expect(second.bound.map(({ address }) => address)).to.deep.equal([own!.address]);
    expect(told).to.deep.equal(['listening']);
  });

  const tried = async (count: number): Promise<void> => {
    while (told.length < count) await settled();
  };
});

function tcp(port: number): ListenAddress {
  return { kind: 'tcp', host: '127.0.0.1', port };
}

function secure(port: number): ListenAddress {
  return { ...tcp(port), options: { tls: true, proxy: false, h2: true } };
}

async function left(server: net.Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
