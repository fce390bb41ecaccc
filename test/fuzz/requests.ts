import { once } from 'node:events';
import { createServer, METHODS, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeRequest, type Outcome } from '../http/decode.ts';
import { RawClient, startPlane } from '../fixtures/plane.ts';
import { cut, requestBytes } from './grammar.ts';
import { bounded, same, type FuzzTarget } from './target.ts';

/** A request as the server behind ELB reads it, or as ELB must have routed it. */
export interface Read {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly body: string;
  readonly trailers: string;
  /** Fields that are the client's own: nobody's but its and its server's business. */
  readonly fields: readonly string[];
}

/**
 * Whole exchanges, client to `node:http` behind ELB: the server reads the requests that ELB routed, each once, in order, with
 * their method, target, host, fields and body, and nothing else, whatever the client sends.
 */
export async function requestsTarget(): Promise<FuzzTarget> {
  let seen: Read[] = [];
  let refused: string[] = [];
  const server = createServer({ maxHeaderSize: 1 << 17, keepAliveTimeout: 0 }, (message, reply) => {
    void read(message).then(
      (facts) => {
        seen.push(facts);
        reply.end('ok');
      },
      () => undefined,
    ); // a client that left in the middle of its body
  });
  server.on('checkExpectation', (message, reply) => server.emit('request', message, reply));
  server.on('clientError', (error, socket) => {
    // What breaks off is no request; everything else is one that ELB took for good.
    if (!('code' in error && (error.code === 'HPE_INVALID_EOF_STATE' || error.code === 'ECONNRESET')))
      refused.push(String(error));
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: serverPort } = server.address() as AddressInfo; // it listens on TCP
  const plane = await startPlane({ domains: { '*': 'up' }, upstreams: { up: [{ port: serverPort, maxFails: 0 }] } });

  return {
    name: 'exchange',
    async run(random) {
      seen = [];
      refused = [];
      const bytes = requestBytes(random);
      const client = await RawClient.connect(plane.port, { allowHalfOpen: true });
      for (const piece of cut(random, bytes)) {
        client.socket.write(piece);
        await new Promise(setImmediate);
      }
      client.socket.end();
      await bounded(client.untilClosed(), 'a connection that does not end', bytes);
      client.destroy();
      const { requests: expected, next } = routed(bytes);
      // Node has a list of methods; what it does not know it refuses, which may end the connection.
      const isKnown = ({ method }: Read): boolean => METHODS.includes(method);
      const unknown = expected.findIndex((one) => !isKnown(one));
      const known = seen.length === unknown ? expected.slice(0, unknown) : expected.filter(isKnown);
      same(seen, known, 'requests that the server got', bytes);
      if (unknown !== -1) return;
      // One that stops in its body was begun, and its method may be none of Node's.
      if (next === '' || METHODS.includes(next)) same(refused, [], 'refused by the server', bytes);
    },
    async stop() {
      await plane.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * The requests that ELB routes from these bytes: those in front of the first that is refused, or behind which the
 * connection ends. `next`: the
 * method of the one behind them.
 */
export function routed(bytes: Buffer): { readonly requests: readonly Read[]; readonly next: string } {
  const requests: Read[] = [];
  let at = 0;
  for (;;) {
    const outcome = decodeRequest([bytes.subarray(at)]);
    if (outcome['result'] !== 'message')
      return { requests, next: /^(?:\r\n)?(\S+)/.exec(bytes.toString('latin1', at))?.[1] ?? '' };
    const { lines = '', minor } = outcome;
    const [, expectation = '100-continue'] = /^expect: (.*)$/im.exec(lines) ?? [];
    if (minor === '1' && expectation.toLowerCase() !== '100-continue') return { requests, next: '' };
    const isAbsolute = /^(?:\r\n)?\S+ \w+:/.test(bytes.toString('latin1', at));
    const request = expectedOf(outcome, isAbsolute);
    if (!request.target.startsWith('/__erulb__/')) requests.push(request);
    if (outcome['persists'] === 'no') return { requests, next: '' };
    at = bytes.length - Number(outcome['rest']);
  }
}

function expectedOf(outcome: Outcome, isAbsolute: boolean): Read {
  const { method = '', path = '', query = '', authority = '', body = '', trailers = '', lines = '' } = outcome;
  const all = lines === '' ? [] : lines.split('\n');
  const said = all.find((line) => nameOf(line) === 'host')?.slice('host: '.length);
  // An absolute target takes the place of what the client calls its host.
  const host = isAbsolute || said === undefined ? authority : said;
  const listed = new Set(
    all.flatMap((line) =>
      /^connection: /i.test(line)
        ? line
            .slice(12)
            .toLowerCase()
            .split(/\s*,\s*/)
        : [],
    ),
  );
  const fields = all.filter((line) => isOwn(line) && !listed.has(nameOf(line)));
  return { method, target: path + query, host: normal(host), body, trailers, fields };
}

async function read(message: IncomingMessage): Promise<Read> {
  let body = '';
  message.setEncoding('latin1');
  for await (const run of message) body += run;
  if (!message.complete) throw new Error('cut');
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    host: normal(message.headers.host ?? ''),
    body,
    trailers: pairs(message.rawTrailers)
      .map((line) => `${line}\r\n`)
      .join(''),
    fields: pairs(message.rawHeaders).filter(isOwn),
  };
}

/** name, value, name, value, ... as lines. */
function pairs(raw: readonly string[]): string[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));
}

export function normal(host: string): string {
  return host
    .toLowerCase()
    .replace(/:(?:80)?$/, '')
    .replace(/\.(?=:|$)/, '');
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

/** Fields about the connection, the framing and the client are ELB's own; all others are passed as they are. */
function isOwn(line: string): boolean {
  return !NOT_PASSED.has(nameOf(line).replaceAll('_', '-'));
}

const NOT_PASSED = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'remote-host',
  'forwarded',
]);
