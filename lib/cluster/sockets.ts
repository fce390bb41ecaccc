import net from 'node:net';
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { formatListenAddress } from '../core/listener.ts';
import type { BoundListener, ListenAddress } from '../core/listener.ts';
import { Carrier } from '../net/carrier.ts';

/** A listening address, bound. */
export interface BoundAddress {
  /** With the real port where 0 was asked for. */
  readonly address: ListenAddress;
  readonly fd: number;
  /** What a server of this process can listen on. */
  readonly handle: BoundListener['handle'];
  /** What other processes are given it with. */
  readonly carrier: Carrier;
  /** Closes it unless a server has taken it over, once it has left for all that it was sent to. Workers that have it keep theirs; a Unix socket's name goes away. */
  release(): void;
}

/**
 * Binds every address, or none and throws an Error whose message is for an operator.
 *
 * Whoever binds never accepts. Workers inherit the sockets, and because they stay open here, connections that wait in a queue
 * outlive any worker and all of them.
 */
export async function bindAll(addresses: readonly ListenAddress[]): Promise<readonly BoundAddress[]> {
  const bound: BoundAddress[] = [];
  try {
    for (const address of addresses) bound.push(await bind(address));
  } catch (error) {
    releaseAll(bound);
    throw error;
  }
  return bound;
}

export function releaseAll(bound: readonly BoundAddress[]): void {
  for (const one of bound) one.release();
}

/** Binds one. Throws `CannotBind`. */
export async function bind(address: ListenAddress): Promise<BoundAddress> {
  try {
    if (address.kind === 'unix') {
      // libuv says EACCES where the directory is missing.
      statSync(address.path.slice(0, address.path.lastIndexOf('/') + 1));
      if (await isStaleSocket(address.path)) unlinkSync(address.path);
      // `path` is missing in the published types.
      const options = { path: address.path } as net.BoundSocketOptions;
      return boundTo(address, new net.BoundSocket(options));
    }
    const socket = new net.BoundSocket({ host: address.host, port: address.port });
    return boundTo({ ...address, port: socket.address().port }, socket);
  } catch (error) {
    throw new CannotBind(address, reasonOf(error));
  }
}

/** An address cannot be bound now; the message is for an operator. */
export class CannotBind extends Error {
  readonly reason: string;

  constructor(address: ListenAddress, reason: string) {
    super(`cannot listen on ${formatListenAddress(address)}: ${reason}`);
    this.reason = reason;
  }
}

function boundTo(address: ListenAddress, socket: net.BoundSocket): BoundAddress {
  const carrier = Carrier.of(socket.fd(), address.kind, () => socket[Symbol.dispose]());
  return { address, fd: carrier.fd, handle: socket, carrier, release: () => carrier.close() };
}

/** True for a socket nobody answers on: left behind by a process that was killed. */
function isStaleSocket(path: string): Promise<boolean> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is in use';
    case 'ENOENT':
      return 'its directory does not exist';
    case 'EACCES':
      return 'not permitted';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
