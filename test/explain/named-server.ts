import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

/** What it replies: whole field lines beside those of every reply, and the body. */
export interface NamedReply {
  readonly lines: string;
  readonly body: string;
}

/** A real server that writes down the head of every request, byte for byte, reads its body, and answers 200. */
export class NamedServer {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #heard: (address: string, head: string) => void;
  readonly #reply: NamedReply;
  address = '';
  port = 0;

  constructor(heard: (address: string, head: string) => void, reply: NamedReply = { lines: '', body: 'ok' }) {
    this.#heard = heard;
    this.#reply = reply;
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port; // it listens on TCP
    this.address = `127.0.0.1:${this.port}`;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      for (let length = messageLength(text); length > 0; length = messageLength(text)) {
        const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
        text = text.slice(length);
        this.#heard(this.address, head);
        const isHead = head.startsWith('HEAD ');
        const { lines, body } = this.#reply;
        const fields = `X-A: server\r\nServer: s\r\n${lines}Content-Length: ${body.length}\r\n`;
        socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n${isHead ? '' : body}`);
      }
    });
  }
}

/** How long the first request in a text is; 0: it is not all there. */
function messageLength(text: string): number {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return 0;
  const head = text.slice(0, end).toLowerCase();
  if (/\r\ntransfer-encoding: chunked\r\n/.test(head)) {
    const last = text.indexOf('0\r\n\r\n', end);
    return last === -1 ? 0 : last + 5;
  }
  const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1] ?? 0);
  return text.length < end + length ? 0 : end + length;
}
