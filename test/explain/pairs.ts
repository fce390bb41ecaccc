import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { certificateFacts } from '../../lib/core/certificate-facts.ts';
import type { ExplainRequest, Explanation } from '../../lib/core/explanation.ts';
import { EVERY_REQUEST } from '../../lib/stats/recent-requests.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';
import { Random } from '../sync/random.ts';
import { randomTable } from './graphs.ts';
import { NamedServer, type NamedReply } from './named-server.ts';
import { randomRequest, type RandomRequest } from './requests.ts';

/** What servers have got. */
interface Heard {
  readonly address: string;
  readonly head: string;
}

/** What really happened to a request. */
interface Happened {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** Of the reply, without its date and what it says of the connection. */
  readonly head: string;
  readonly body: string;
  readonly heard: readonly Heard[];
}

/** How a request comes: over which connection, and what is said of that. */
interface Way {
  readonly connect: () => net.Socket;
  readonly asked: Pick<ExplainRequest, 'secure' | 'tls'>;
  /** Kept for the next request. */
  socket: net.Socket | null;
}

/**
 * Asks what would become of random requests, on random graphs, and then sends them, in clear and by TLS, to real servers over real sockets. What
 * was told has to be what happens: the same nodes by the same edges, the same answer, the same server, the same head byte for byte, and
 * the same of the requests that are made of it.
 */
export class Pairs {
  /** How many walks were compared: where there are many requests, a worker remembers only some of them. */
  walks = 0;
  /** How many pairs had what: other requests made of them, copies, replies out of memory, compressed ones, TLS. */
  readonly seen = { routes: 0, copies: 0, kept: 0, compressed: 0, secure: 0 };
  readonly #plane: TlsPlane;
  readonly #servers: readonly NamedServer[];
  readonly #heard: Heard[];
  /** Address of the server that gets copies. */
  readonly #copied: string;
  readonly #ways: readonly Way[];
  readonly #ca: TestCa;
  #newest = 0;

  private constructor(
    plane: TlsPlane,
    servers: readonly NamedServer[],
    heard: Heard[],
    ways: readonly Way[],
    ca: TestCa,
  ) {
    this.#plane = plane;
    this.#servers = servers;
    this.#heard = heard;
    this.#ways = ways;
    this.#ca = ca;
    this.#copied = servers.at(-1)?.address ?? '';
  }

  static async start(): Promise<Pairs> {
    const heard: Heard[] = [];
    const servers = await Promise.all(
      REPLIES.map((reply) => new NamedServer((address, head) => heard.push({ address, head }), reply).start()),
    );
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, packed = 0, kept = 0, copied = 0] = servers.map(
      ({ port }) => port,
    );
    const plane = await startTlsPlane({
      plane: { recentRequests: 4, requestId: false, trustedProxies: [] },
      listen: { h2: false },
    });
    plane.plane.apply([{ kind: 'domain', name: '*', document: null }], false);
    plane.put({
      upstreams: {
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
        packed: [packed],
        kept: [kept],
        copied: [copied],
      },
      options: OPTIONS,
    });
    const ca = new TestCa();
    const names = ['DNS:a.test', 'DNS:b.test', 'DNS:*.c.test'];
    plane.certify({ all: ca.issue({ names }) });
    const certificates = { client_certificates: { mode: 'optional', ca: ca.certificate } };
    plane.rule({ 'a.test': certificates, 'b.test': certificates, '*.c.test': { require: true } });
    return new Pairs(plane, servers, heard, waysTo(plane, ca), ca);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#ways) socket?.destroy();
    await this.#plane.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#ca.remove();
  }

  /** One set of graphs and so many requests. Throws what is not as it was told, with the seed. */
  async run(seed: number, requests: number): Promise<void> {
    const random = new Random(seed);
    const { domains, graphs } = randomTable(random);
    for (const [name, graph] of Object.entries(graphs))
      this.#plane.plane.apply([{ kind: 'graph', name, document: JSON.stringify(graph) }], false);
    this.#plane.put({ domains });
    let last: RandomRequest | null = null;
    for (let i = 0; i < requests; i++) {
      // What was asked before may have been kept.
      if (last === null || random.chance(0.7)) last = randomRequest(random);
      const request = last;
      const way = random.pick(this.#ways);
      this.#heard.length = 0;
      // It was asked to explain.
      const told = (await this.#plane.plane.answer({
        kind: 'explain',
        request: { head: request.head, client: '127.0.0.1', stream: null, ...way.asked },
      })) as Explanation;
      const copies = copiesOf(told);
      const happened = await this.#send(request, way, copies);
      try {
        compare(told, happened, await this.#walked());
        this.#count(told, happened, copies, way);
      } catch (error) {
        const what = { seed, request, way: way.asked, domains, graphs, told, happened };
        throw new Error(`${String(error)}\n${JSON.stringify(what, null, 1)}`, { cause: error });
      }
    }
  }

  #count(told: Explanation, { head }: Happened, copies: number, way: Way): void {
    if (way.asked.secure) this.seen.secure++;
    const { seen } = this;
    if (told.routes.length > 0) seen.routes++;
    if (copies > 0) seen.copies++;
    if (told.decision.text.startsWith('a reply that is kept')) seen.kept++;
    if (/\r\ncontent-encoding:/i.test(head)) seen.compressed++;
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

  async #send({ head, body }: RandomRequest, way: Way, copies: number): Promise<Happened> {
    const client = way.socket ?? way.connect();
    if (way.socket === null) await once(client, client instanceof tls.TLSSocket ? 'secureConnect' : 'connect');
    way.socket = client;
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
      way.socket = null;
    }
    // They may come after the reply.
    await until(
      'copies have come',
      () => this.#heard.filter(({ address }) => address === this.#copied).length >= copies,
    );
    const lines = text.slice(0, Math.max(0, end)).split('\r\n');
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
      head: lines.filter((line) => !UNTOLD.test(line)).join('\r\n'),
      body: end < 4 ? '' : text.slice(end),
      heard: this.#heard.filter(({ address }) => address !== this.#copied),
    };
  }
}

/** The ways in: in clear, by both versions of TLS, and with certificates, one of which nobody trusts. */
function waysTo(plane: TlsPlane, ca: TestCa): readonly Way[] {
  const stranger = new TestCa();
  const subject = '/CN=ann';
  const names = ['DNS:x.ann.test'];
  const [ann, other] = [ca.issue({ subject, names }), stranger.issue({ subject, names })];
  stranger.remove();
  const clear: Way = {
    connect: () => quiet(net.connect({ port: plane.plainPort, host: '127.0.0.1', noDelay: true })),
    asked: { secure: false, tls: null },
    socket: null,
  };
  const secure = (version: 'TLSv1.2' | 'TLSv1.3', pair: typeof ann | null, problem: string): Way => {
    const options = { port: plane.port, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false };
    const shown = pair === null ? {} : { cert: pair.certificate, key: pair.key };
    const certificate = pair === null ? null : certificateFacts(new X509Certificate(pair.certificate), problem);
    return {
      connect: () =>
        quiet(
          tls.connect({ ...options, ALPNProtocols: ['http/1.1'], minVersion: version, maxVersion: version, ...shown }),
        ),
      asked: { secure: true, tls: { version, serverName: 'a.test', certificate } },
      socket: null,
    };
  };
  return [
    clear,
    clear,
    secure('TLSv1.3', null, ''),
    secure('TLSv1.2', null, ''),
    secure('TLSv1.3', ann, ''),
    secure('TLSv1.2', other, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
  ];
}

function quiet<Socket extends net.Socket>(socket: Socket): Socket {
  return socket.on('error', () => undefined);
}

function compare(told: Explanation, happened: Happened, walked: readonly string[] | null): void {
  const { decision } = told;
  const nodes = told.nodes.map(({ node, verdict }) => `${node} ${verdict ?? ''}`);
  if (walked !== null) expect(nodes).to.deep.equal(walked);
  const sent = sentOf(told);
  if (told.routes.length === 0) expect(happened.heard).to.deep.equal(sent);
  // They are made at the same time, and a balancer moves on from one to the next.
  else expect(happened.heard.map(bare).toSorted()).to.deep.equal(sent.map(bare).toSorted());
  switch (decision.kind) {
    case 'forward':
      expect(happened.status).to.equal(200);
      expect(/\r\ncontent-encoding: (\S+)/i.exec(happened.head)?.[1] ?? null).to.equal(codingOf(told));
      for (const name of told.reply_edit?.drop ?? []) {
        const isSet = told.reply_edit?.lines.toLowerCase().includes(`${name}:`) === true;
        if (!isSet) expect(happened.head.toLowerCase()).to.not.include(`\r\n${name}:`);
      }
      expect(happened.head).to.include(told.reply_edit?.lines ?? '');
      break;
    case 'answer':
      // What is put together of replies nobody knows before.
      if (told.routes.some(({ edge }) => edge.startsWith('routes/'))) break;
      expect(happened).to.deep.include({ status: decision.status, body: decision.body });
      expect(happened.head).to.equal(
        decision.head
          .split('\r\n')
          .filter((line) => !UNTOLD.test(line))
          .join('\r\n'),
      );
      break;
    default:
      expect(happened.status).to.equal(decision.kind === 'fault' ? decision.status : null);
  }
}

/** What servers are sent, in the order of the walk. */
function sentOf({ routes, decision, server, head }: Explanation): Heard[] {
  const all = routes.flatMap(({ explanation }) => sentOf(explanation));
  if (decision.kind === 'forward') all.push({ address: server ?? '', head: head ?? '' });
  return all;
}

/** Without what depends on the server that was chosen. */
function bare({ head }: Heard): string {
  return head.replace(/\r\nHost: 127\.0\.0\.1:\d+\r\n/, '\r\nHost: server\r\n');
}

/** How many copies are sent to somebody. */
function copiesOf({ copies, routes }: Explanation): number {
  const inRoutes = routes.reduce((sum, { explanation }) => sum + copiesOf(explanation), 0);
  return inRoutes + copies.filter((name) => name === 'copied').length;
}

/** Only one server's replies are worth it. */
function codingOf({ compression, upstream }: Explanation): string | null {
  return upstream?.name === 'packed' ? compression : null;
}

/** How long a reply is; 0: it is not all there. */
function replyLength(text: string, isHead: boolean): number {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return 0;
  if (isHead) return end;
  const head = text.slice(0, end);
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return text.endsWith('\r\n0\r\n\r\n') ? text.length : 0;
  const length = Number(
    /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? (/^HTTP\/1\.1 [23]04/.test(head) ? 0 : NaN),
  );
  return text.length >= end + length ? end + length : 0;
}

/** Of the servers, in turn: the last but two has something to compress, the next lets it be kept, the last gets copies. */
const REPLIES: readonly NamedReply[] = [
  ...Array.from({ length: 6 }, () => ({ lines: '', body: 'ok' })),
  { lines: 'Content-Type: text/plain\r\n', body: 'to be compressed '.repeat(100) },
  { lines: 'Content-Type: text/plain\r\nCache-Control: max-age=3600\r\nETag: "kept"\r\n', body: 'kept' },
  { lines: '', body: '' },
];

const OPTIONS = {
  least: { balance: { algorithm: 'least-conn' } },
  hashed: { balance: { algorithm: 'hash', hash: { on: 'header', name: 'X-Beta', missing: 'address' } } },
  sticky: {
    sticky: { cookie: 'session', secret: 'a secret that is long enough for all' },
    host: { from: 'server' },
  },
  packed: { compression: { enabled: true, offload: true } },
  kept: { cache: { enabled: true } },
};

/** What depends on the moment and on the connection. */
const UNTOLD = /^(?:date|connection|retry-after):/i;
