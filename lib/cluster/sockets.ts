import net from 'node:net';
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { formatListenAddress } from '../core/listener.ts';
import type { ListenAddress } from '../core/listener.ts';

/** A listening address, bound. */
export interface BoundAddress {
  /** With the real port where 0 was asked for. */
  readonly address: ListenAddress;
  readonly socket: net.BoundSocket;
}

/**
 * Binds every address, or none and throws an Error whose message is for an operator.
 *
 * The primary binds and never accepts. Workers inherit the sockets, and because the primary keeps them open, connections that
 * wait in a queue outlive any worker and all of them.
 */
export async function bindAll(addresses: readonly ListenAddress[]): Promise<readonly BoundAddress[]> {
  const bound: BoundAddress[] = [];
  try {
    for (const address of addresses) bound.push(await bind(address));
  } catch (error) {
    release(bound);
    throw error;
  }
  return bound;
}

/** Closes what no server has taken over. Workers that inherited a socket keep theirs; a Unix socket's name goes away. */
export function release(bound: readonly BoundAddress[]): void {
  for (const { socket } of bound) socket[Symbol.dispose]();
}

async function bind(address: ListenAddress): Promise<BoundAddress> {
  try {
    if (address.kind === 'unix') {
      // libuv says EACCES where the directory is missing.
      statSync(address.path.slice(0, address.path.lastIndexOf('/') + 1));
      if (await isStaleSocket(address.path)) unlinkSync(address.path);
      // `path` is missing in the published types.
      const options = { path: address.path } as net.BoundSocketOptions;
      return { address, socket: new net.BoundSocket(options) };
    }
    const socket = new net.BoundSocket({ host: address.host, port: address.port });
    return { address: { ...address, port: socket.address().port }, socket };
  } catch (error) {
    throw new Error(`cannot listen on ${formatListenAddress(address)}: ${reasonOf(error)}`, { cause: error });
  }
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
