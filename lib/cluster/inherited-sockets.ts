import { readFileSync, readlinkSync } from 'node:fs';
import type { ListenAddress } from '../core/listener.ts';
import { Carrier } from '../net/carrier.ts';
import type { BoundAddress } from './sockets.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Listening sockets that whoever started this process has opened for it (sd_listen_fds(3)): `LISTEN_FDS` of them from descriptor 3
 * on, meant for the process `LISTEN_PID`. That is how one gets port 80 without any right to it, and how two instances share a queue.
 * Throws an Error whose message is for an operator.
 */
export function inheritedSockets(env: Env, pid = process.pid): readonly BoundAddress[] {
  return Array.from({ length: inheritedCount(env, pid) }, (_, i) => {
    const fd = FIRST_FD + i;
    const address = addressOf(fd);
    if (address === null) throw new Error(`LISTEN_FDS: descriptor ${String(fd)} is not a listening stream socket`);
    const carrier = Carrier.of(fd, address.kind);
    return { address, fd, handle: { fd }, carrier, release: () => carrier.close() };
  });
}

/** How many there are for this process. */
function inheritedCount(env: Env, pid: number): number {
  const count = Number(env['LISTEN_FDS'] ?? '');
  return env['LISTEN_PID'] === String(pid) && Number.isInteger(count) && count > 0 ? count : 0;
}

/** Where a descriptor listens, as the kernel says (proc_net(5)); there is no other way to ask without accepting from it. */
function addressOf(fd: number): ListenAddress | null {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(fd)) ?? [];
  if (inode === undefined) return null;
  for (const table of ['tcp', 'tcp6']) {
    for (const line of linesOf(`/proc/self/net/${table}`)) {
      const [, local = '', , state, , , , , , of] = line.trim().split(/\s+/);
      if (of === inode) return state === LISTENING ? tcpAddress(local) : null;
    }
  }
  for (const line of linesOf('/proc/self/net/unix')) {
    const [, , , flags = '', type, , of, path] = line.trim().split(/\s+/);
    if (of !== inode) continue;
    const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0 && type === STREAM;
    return listens && path !== undefined ? { kind: 'unix', path } : null;
  }
  return null;
}

/** `0100007F:1F90`: words in the machine's order, each of four bytes. */
function tcpAddress(text: string): ListenAddress {
  const [words = '', port = ''] = text.split(':');
  const bytes = Buffer.from(words, 'hex').swap32();
  return { kind: 'tcp', host: bytes.length === 4 ? bytes.join('.') : shortest(bytes), port: Number.parseInt(port, 16) };
}

/** An IPv6 address as RFC 5952 wants it written. */
function shortest(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${String(fd)}`);
  } catch {
    return '';
  }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** `SD_LISTEN_FDS_START`. */
const FIRST_FD = 3;
/** `TCP_LISTEN`. */
const LISTENING = '0A';
/** `__SO_ACCEPTCON`. */
const ACCEPTS = 0x10000;
/** `SOCK_STREAM`. */
const STREAM = '0001';
