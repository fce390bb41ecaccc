import { once } from 'node:events';
import { createServer, METHODS, request, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeReply, decodeRequest, type Outcome } from './decode.ts';
import { mutant } from './mutants.ts';
import { readWireCases } from './wire-cases.ts';

const cases = readWireCases(fileURLToPath(new URL('../wire', import.meta.url)));

/** What is good for us and refused by Node. */
const NODE_REFUSES: readonly string[] = ['Transfer-Encoding: Transfer-Encoding: \\t chunked \\t'];
const NODE_REFUSES_REPLIES: readonly string[] = [
  'No body whatever the fields say: 304 and Transfer-Encoding: chunked\\r\\nContent-Length: 5',
];

/** Facts of an `Outcome` as Node's own parser sees them. */
type Seen = Readonly<Record<string, string>>;

describe('what we read of a request, Node reads too', () => {
  let server: Server;
  let seen: Seen[] = [];

  before(async () => {
    server = createServer({ maxHeaderSize: 1 << 17 }, (message, reply) => {
      void read(message).then((facts) => {
        seen.push({ ...facts, method: message.method ?? '' });
        reply.end();
      });
    });
    // What it thinks of Expect is not its parser's business.
    server.on('checkExpectation', (message, reply) => server.emit('request', message, reply));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(() => {
    server.close();
    server.closeAllConnections();
  });

  /** Shows the message to Node; it must read the same, or refuse it where `mayRefuse`. Returns whether it read it. */
  async function agree(bytes: Buffer, outcome: Outcome, mayRefuse: boolean): Promise<boolean> {
    seen = [];
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const socket = connect({ port, host: '127.0.0.1' });
    socket.resume();
    socket.end(used(bytes, outcome));
    await once(socket, 'close');
    const { method = '', minor = '', lines = '', body = '', trailers = '' } = outcome;
    if (mayRefuse && seen.length === 0) return false;
    expect(seen, bytes.toString('latin1')).to.deep.equal([{ method, minor, lines, body, trailers }]);
    return true;
  }

  /** Node's parser has a list of methods, and takes a change of protocol for the end of HTTP. */
  function isForNode(outcome: Outcome): boolean {
    return outcome['result'] === 'message' && METHODS.includes(outcome['method'] ?? '') && outcome['upgrade'] === 'no';
  }

  it('in the corpus', async () => {
    const shown = cases
      .filter((one) => one.kind === 'request')
      .map((one) => ({ one, outcome: decodeRequest([one.bytes]) }))
      .filter(({ outcome }) => isForNode(outcome));
    const refused: string[] = [];
    for (const { one, outcome } of shown)
      if (!(await agree(one.bytes, outcome, true))) refused.push(`${one.heading}: ${one.title}`);
    expect(shown.length).to.be.at.least(140);
    expect(refused).to.deep.equal(NODE_REFUSES);
  });

  const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!~'), minLength: 1, maxLength: 8 });
  const value = fc.string({ unit: fc.constantFrom(...'abc 09:;,"=/\t\xe9\xff'), maxLength: 12 });
  const generated = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND'),
    path: fc.string({ unit: fc.constantFrom(...'abc/.;:@!$&()*+,=%20~|{}[]?'), maxLength: 20 }),
    minor: fc.constantFrom('0', '1', '1', '1'),
    fields: fc.array(fc.tuple(name, value), { maxLength: 5 }),
    body: fc.option(fc.string({ unit: fc.constantFrom(...'ab\r\n0;GET /\x00\xff'), maxLength: 30 })),
    isChunked: fc.boolean(),
  });

  it('with a few bytes changed', async () => {
    let shown = 0;
    await fc.assert(
      fc.asyncProperty(mutant, async (bytes) => {
        const outcome = decodeRequest([bytes]);
        if (isForNode(outcome) && (await agree(bytes, outcome, true))) shown++;
      }),
      { numRuns: 3000 },
    );
    expect(shown).to.be.at.least(100);
  });

  it('generated', async () => {
    let shown = 0;
    await fc.assert(
      fc.asyncProperty(generated, async ({ method, path, minor, fields, body, isChunked }) => {
        const lines = ['Host: a.test', ...fields.map(([key, text]) => `x${key}:${text}`)];
        if (body !== null) lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
        const text = body === null || !isChunked ? (body ?? '') : chunks(body);
        const head = `${method} /${path} HTTP/1.${minor}\r\n${lines.join('\r\n')}\r\n\r\n`;
        const bytes = Buffer.from(head + text, 'latin1');
        const outcome = decodeRequest([bytes]);
        if (outcome['result'] !== 'message') return;
        await agree(bytes, outcome, false);
        shown++;
      }),
      { numRuns: 300 },
    );
    expect(shown).to.be.at.least(100);
  });
});

describe('what we read of a reply, Node reads too', () => {
  it('in the corpus', async () => {
    let shown = 0;
    const refused: string[] = [];
    for (const one of cases) {
      const outcome = one.kind === 'reply' ? decodeReply([one.bytes], one.method) : {};
      if (outcome['result'] !== 'message' || Number(outcome['status']) < 200) continue;
      const { status = '', reason = '', minor = '', lines = '', body = '', trailers = '' } = outcome;
      const seen = await answer(one.method, used(one.bytes, outcome)).catch(() => null);
      if (seen === null) {
        refused.push(`${one.heading}: ${one.title}`);
        continue;
      }
      expect(seen, one.bytes.toString('latin1')).to.deep.equal({ status, reason, minor, lines, body, trailers });
      shown++;
    }
    expect(shown).to.be.at.least(30);
    expect(refused).to.deep.equal(NODE_REFUSES_REPLIES);
  });

  /** What Node's client makes of bytes that answer its request. */
  async function answer(method: string, bytes: Buffer): Promise<Seen> {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(bytes)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const sent = request({ port, host: '127.0.0.1', method, agent: false }).end();
    try {
      const [message] = (await once(sent, 'response')) as [IncomingMessage]; // what the event carries
      const facts = await read(message);
      return { ...facts, status: String(message.statusCode), reason: message.statusMessage ?? '' };
    } finally {
      sent.destroy();
      server.close();
    }
  }
});

async function read(message: IncomingMessage): Promise<Seen> {
  let body = '';
  message.setEncoding('latin1');
  for await (const run of message) body += run;
  return {
    minor: message.httpVersion.slice(2),
    lines: pairs(message.rawHeaders).join('\n'),
    body,
    trailers: pairs(message.rawTrailers)
      .map((line) => `${line}\r\n`)
      .join(''),
  };
}

/** name, value, name, value, ... as lines. */
function pairs(raw: readonly string[]): string[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));
}

/** The message without what came behind it. */
function used(bytes: Buffer, outcome: Outcome): Buffer {
  return bytes.subarray(0, bytes.length - Number(outcome['rest']));
}

/** A chunked body in two runs, with extensions and a trailer. */
function chunks(body: string): string {
  const half = Math.floor(body.length / 2);
  const runs = [body.slice(0, half), body.slice(half)].filter((run) => run !== '');
  return `${runs.map((run) => `${run.length.toString(16)};x="y"\r\n${run}\r\n`).join('')}0\r\nX-Sum: 1\r\n\r\n`;
}
