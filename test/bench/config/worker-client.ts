import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';

/** A kept connection, and which worker has accepted it. */
export class WorkerClient {
  readonly #socket: net.Socket;
  #answer: PromiseWithResolvers<number> = Promise.withResolvers();

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    // Every answer is ELB's own, and comes in one piece.
    socket.on('data', (text: string) =>
      this.#answer.resolve(Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3))),
    );
    socket.on('close', () => this.#answer.reject(new Error('the connection was closed')));
    this.#answer.promise.catch(() => undefined);
  }

  /** Connects once; rejects where nobody listens. */
  static async connect(port: number): Promise<WorkerClient> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new WorkerClient(socket);
  }

  /** One connection to each of these workers: connections spread by themselves, so some are opened and thrown away. */
  static async toEach(port: number, pids: readonly number[]): Promise<readonly WorkerClient[]> {
    const found = new Map<number, WorkerClient>();
    while (found.size < pids.length) {
      const client = await WorkerClient.connect(port);
      await client.status('nobody.test', '/');
      const pid = pids.find((candidate) => client.#isOf(candidate));
      if (pid === undefined || found.has(pid)) client.close();
      else found.set(pid, client);
    }
    return [...found.values()];
  }

  /** Status of the reply to a request without User-Agent. */
  status(host: string, path: string): Promise<number> {
    this.#answer = Promise.withResolvers();
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return this.#answer.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Whether the other end is a socket of that process. */
  #isOf(pid: number): boolean {
    const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
    const ends = `0100007F:${hex(this.#socket.remotePort ?? 0)} 0100007F:${hex(this.#socket.localPort ?? 0)}`;
    const line = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .find((one) => one.includes(ends));
    const inode = line?.trim().split(/\s+/)[9];
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return '';
  }
}
