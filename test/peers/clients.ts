import type { RawClient } from '../fixtures/plane.ts';

/** A client that does with its connection what no good one does. `done` resolves when it has done all it ever will. */
export type ClientPeer = (client: RawClient) => Promise<void>;

const POST = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** Misbehaving clients by the names they are known by. */
export const CLIENTS = {
  /** Slowloris: a head that grows by a byte now and then and never ends. */
  slowlorisHead: (client) => drip(client, `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'x'.repeat(1000)}`, 20),
  /** RUDY: a body that grows by a byte now and then. */
  slowlorisBody: (client) => {
    client.write(POST);
    return drip(client, 'x'.repeat(20), 20);
  },
  /** A head, and the body behind it, that stop in the middle. */
  stopsInHead: async (client) => client.write(GET.slice(0, 20)),
  stopsInBody: async (client) => client.write(`${POST}abc`),
  /** Correct, but each byte is a packet of its own. */
  oneByteWriter: (client) => drip(client, GET, 0),
  /** Asks and never reads. */
  neverReader: async (client) => {
    client.socket.pause();
    client.write(GET);
  },
  /** Asks without end and never reads. */
  neverReadingPipeliner: async (client) => {
    client.socket.pause();
    client.write(GET.repeat(40_000));
  },
  pipeliner: async (client) => client.write(GET.repeat(100)),
  /** Ends its side behind its request, and in the middle of a head, and of a body. */
  halfCloser: async (client) => void client.socket.end(GET),
  halfClosesInHead: async (client) => void client.socket.end(GET.slice(0, 20)),
  halfClosesInBody: async (client) => void client.socket.end(`${POST}abc`),
  resetsInHead: (client) => reset(client, GET.slice(0, 20)),
  resetsInBody: (client) => reset(client, `${POST}abc`),
  resetsBeforeReply: (client) => reset(client, GET),
  resetsInReply: async (client) => {
    client.write(GET);
    await client.until(/\r\n\r\n/);
    client.socket.resetAndDestroy();
  },
  /** TLS and HTTP/2 where neither is spoken. */
  tlsOnPlainPort: async (client) => client.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  http2Preface: async (client) => client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
} satisfies Record<string, ClientPeer>;

/** Writes a byte, then the next one `ms` later, until all is written or the connection is closed. */
async function drip(client: RawClient, text: string, ms: number): Promise<void> {
  client.socket.setNoDelay(true);
  for (const byte of text) {
    if (client.closed || client.ended) return;
    client.write(byte);
    await new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
  }
}

function reset(client: RawClient, text: string): Promise<void> {
  return new Promise((resolve) => {
    client.socket.write(text, () => {
      client.socket.resetAndDestroy();
      resolve();
    });
  });
}
