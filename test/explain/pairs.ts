import net from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import type { Explanation } from '../../lib/core/explanation.ts';
import { EVERY_REQUEST } from '../../lib/stats/recent-requests.ts';
import { startPlane, type TestPlane } from '../fixtures/plane.ts';
import { Random } from '../sync/random.ts';
import { randomGraph } from './graphs.ts';
import { NamedServer } from './named-server.ts';
import { randomRequest, type RandomRequest } from './requests.ts';

/** What really happened to a request. */
interface Happened {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** Of the reply, without its date and what it says of the connection. */
  readonly head: string;
  readonly body: string;
  /** What servers have got. */
  readonly heard: readonly { readonly address: string; readonly head: string }[];
}

/**
 * Asks what would become of random requests, on random graphs, and then sends them, to real servers over real sockets. What was told
 * has to be what happens: the same nodes by the same edges, the same answer, the same server, the same head byte for byte.
 */
export class Pairs {
  readonly #plane: TestPlane;
  readonly #servers: readonly NamedServer[];
  readonly #heard: { address: string; head: string }[];
  /** How many walks were compared: where there are many requests, a worker remembers only some of them. */
  walks = 0;
  #client: net.Socket | null = null;
  #newest = 0;

  private constructor(plane: TestPlane, servers: readonly NamedServer[], heard: { address: string; head: string }[]) {
    this.#plane = plane;
    this.#servers = servers;
    this.#heard = heard;
  }

  static async start(): Promise<Pairs> {
    const heard: { address: string; head: string }[] = [];
    const server = (): Promise<NamedServer> =>
      new NamedServer((address, head) => heard.push({ address, head })).start();
    const servers = await Promise.all(Array.from({ length: 6 }, server));
    const ports = servers.map(({ port }) => port);
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = ports;
    const upstreams = {
      one: [a],
      two: [{ port: a, weight: 2 }, b, { port: c, down: true }],
      least: [a, b, { port: c, backup: true }],
      hashed: [a, b, c],
      sticky: [d, e],
      tagged: [
        { port: d, tags: ['blue'] },
        { port: e, tags: ['green'] },
      ],
      full: [{ port: f, down: true }],
    };
    const options = {
      least: { balance: { algorithm: 'least-conn' } },
      hashed: { balance: { algorithm: 'hash', hash: { on: 'header', name: 'X-Beta', missing: 'address' } } },
      sticky: {
        sticky: { cookie: 'session', secret: 'a secret that is long enough for all' },
        host: { from: 'server' },
      },
    };
    const plane = await startPlane(
      { upstreams, options },
      {},
      { recentRequests: 4, requestId: false, trustedProxies: [] },
    );
    return new Pairs(plane, servers, heard);
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    await this.#plane.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** One set of graphs and so many requests. Throws what is not as it was told, with the seed. */
  async run(seed: number, requests: number): Promise<void> {
    const random = new Random(seed);
    const domains = Object.fromEntries(['a.test', 'b.test', '*.c.test'].map((name) => [name, randomGraph(random)]));
    this.#plane.put({ domains });
    for (let i = 0; i < requests; i++) {
      const request = randomRequest(random);
      const told = await this.#plane.plane.answer({
        kind: 'explain',
        request: { head: request.head, client: '127.0.0.1', secure: false, stream: null },
      });
      const happened = await this.#send(request);
      try {
        // It was asked to explain.
        compare(told as Explanation, happened, await this.#walked());
      } catch (error) {
        const what = { seed, request, graph: domains, told, happened };
        throw new Error(`${String(error)}\n${JSON.stringify(what, null, 1)}`, { cause: error });
      }
    }
  }

  /** The walk of the request that was sent last; null: it was not remembered. */
  async #walked(): Promise<readonly string[] | null> {
    const answer = await this.#plane.plane.answer({ kind: 'requests', filter: { ...EVERY_REQUEST, limit: 1 } });
    const [last] = 'requests' in answer ? answer.requests : [];
    if (last === undefined || last.at === this.#newest) return null;
    this.#newest = last.at;
    this.walks++;
    return last.nodes.map(({ node, verdict }) => `${node} ${verdict ?? ''}`);
  }

  async #send({ head, body }: RandomRequest): Promise<Happened> {
    this.#heard.length = 0;
    const client = this.#client ?? (await connect(this.#plane.port));
    this.#client = client;
    const isHead = head.startsWith('HEAD ');
    let text = '';
    const { promise, resolve } = Promise.withResolvers<void>();
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (replyLength(text, isHead) > 0) resolve();
    };
    client.on('data', take).once('close', resolve);
    client.write(head + body, 'latin1');
    await promise;
    client.off('data', take).off('close', resolve);
    const end = text.indexOf('\r\n\r\n') + 4;
    // A refusal ends the connection.
    if (end < 4 || /\r\nconnection: close\r\n/i.test(text.slice(0, end)) || client.destroyed) {
      client.destroy();
      this.#client = null;
    }
    const lines = text.slice(0, Math.max(0, end)).split('\r\n');
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
      head: lines.filter((line) => !UNTOLD.test(line)).join('\r\n'),
      body: end < 4 ? '' : text.slice(end),
      heard: [...this.#heard],
    };
  }
}

function compare(told: Explanation, happened: Happened, walked: readonly string[] | null): void {
  const { decision } = told;
  const nodes = told.nodes.map(({ node, verdict }) => `${node} ${verdict ?? ''}`);
  if (walked !== null) expect(nodes).to.deep.equal(walked);
  switch (decision.kind) {
    case 'forward':
      expect(happened.heard).to.deep.equal([{ address: told.server, head: told.head }]);
      expect(happened.status).to.equal(200);
      for (const name of told.reply_edit?.drop ?? []) {
        const isSet = told.reply_edit?.lines.toLowerCase().includes(`${name}:`) === true;
        if (!isSet) expect(happened.head.toLowerCase()).to.not.include(`\r\n${name}:`);
      }
      expect(happened.head).to.include(told.reply_edit?.lines ?? '');
      break;
    case 'answer':
      expect(happened.heard).to.deep.equal([]);
      expect(happened).to.deep.include({ status: decision.status, body: decision.body });
      expect(happened.head).to.equal(
        decision.head
          .split('\r\n')
          .filter((line) => !UNTOLD.test(line))
          .join('\r\n'),
      );
      break;
    default:
      expect(happened.heard).to.deep.equal([]);
      expect(happened.status).to.equal(decision.kind === 'fault' ? decision.status : null);
  }
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** How long a reply is; 0: it is not all there. */
function replyLength(text: string, isHead: boolean): number {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return 0;
  const length = isHead ? 0 : Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length < end + length ? 0 : end + length;
}

/** What depends on the moment and on the connection. */
const UNTOLD = /^(?:date|connection|retry-after):/i;
