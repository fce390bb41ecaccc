import { decodeReply, type Outcome } from '../http/decode.ts';
import { RawClient, startPlane, startRawServer } from '../fixtures/plane.ts';
import { cut, replyBytes } from './grammar.ts';
import { bounded, fail, same, type FuzzTarget } from './target.ts';

const METHODS = ['GET', 'GET', 'HEAD', 'POST'];

/**
 * Whole exchanges with a server that sends anything: the client gets the one reply that was sent, with its status and body, or
 * 502, or a reply that is visibly not whole; and the next client gets its own reply, never a part of this one.
 */
export async function repliesTarget(): Promise<FuzzTarget> {
  let pieces: Buffer[] = [];
  let ending: 'end' | 'reset' | 'stay' = 'end';
  let sending = Promise.resolve();
  const server = await startRawServer((connection) => {
    connection.socket.setNoDelay(true);
    let answered = 0;
    connection.socket.on('data', () => {
      const asked = [...connection.text.matchAll(/^[A-Z]+ (\S+) HTTP\/1.1\r\n[^]*?\r\n\r\n/gm)];
      for (const [, path] of asked.slice(answered)) {
        answered++;
        if (path === '/next') connection.write(NEXT);
        else sending = send(connection, pieces, ending);
      }
    });
  });
  const plane = await startPlane(
    { domains: { '*': 'up' }, upstreams: { up: [{ port: server.port, maxFails: 0 }] } },
    { readMs: 200 },
  );

  return {
    name: 'peer',
    async run(random) {
      const bytes = replyBytes(random);
      const method = random.pick(METHODS);
      pieces = cut(random, bytes);
      ending = random.pick(['end', 'end', 'end', 'stay', 'reset']);
      const client = await RawClient.connect(plane.port);
      client.write(`${method} / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
      await bounded(client.untilClosed(), 'a connection that does not end', bytes);
      const got = finalOf([client.received], method, true);
      const isCut = got['result'] !== 'message' || client.error !== null;
      const sent = finalOf([bytes], method, ending !== 'stay');
      const isGood = sent['result'] === 'message' && sent['status'] !== '101';
      if (got['status'] === '502' || got['status'] === '504') {
        if (isGood && ending === 'end') fail(`${got['status']} for a good reply`, bytes);
      } else if (!isCut) {
        if (!isGood) fail(`${got['status']} for a reply that was ${sent['result']}`, bytes);
        const facts = ({ status, body, trailers, rest }: Outcome): unknown[] => [status, body, trailers, rest];
        same(facts(got), facts({ ...sent, rest: '0' }), 'reply', bytes);
      } else if (isGood && ending === 'end') fail('a good reply was cut', bytes);
      // What was sent for this request has arrived before the next one: later no proxy can tell whom it is for.
      await sending;
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      const next = await RawClient.connect(plane.port);
      next.write('GET /next HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
      const text = await bounded(next.untilClosed(), 'a next connection that does not end', bytes);
      if (!text.endsWith('\r\n\r\nnext')) fail(`the next client got ${JSON.stringify(text)}`, bytes);
      for (const connection of server.connections.splice(0)) {
        if (connection.ended) connection.destroy();
        else if (!connection.closed) server.connections.push(connection);
      }
    },
    async stop() {
      await plane.stop();
      await server.stop();
    },
  };
}

const NEXT = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: now\r\n\r\nnext';

async function send(connection: RawClient, pieces: readonly Buffer[], ending: string): Promise<void> {
  for (const piece of pieces) {
    connection.socket.write(piece);
    await new Promise(setImmediate);
  }
  if (ending === 'end') connection.socket.end();
  else if (ending === 'reset') connection.socket.resetAndDestroy();
}

/** The final reply behind the interim ones. */
function finalOf(pieces: readonly Buffer[], method: string, ends: boolean): Outcome {
  let bytes = Buffer.concat(pieces);
  for (;;) {
    const outcome = decodeReply([bytes], method, ends);
    if (outcome['result'] !== 'message' || Number(outcome['status']) >= 200 || outcome['status'] === '101')
      return outcome;
    bytes = bytes.subarray(bytes.length - Number(outcome['rest']));
  }
}
