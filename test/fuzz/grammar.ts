import type { Random } from '../sync/random.ts';

/** One or more requests behind one another: by the grammar, by the tricks of attackers, and then with bytes changed. */
export function requestBytes(random: Random): Buffer {
  const count = random.chance(0.7) ? 1 : 2 + random.below(2);
  return mutate(random, Array.from({ length: count }, () => request(random)).join(''));
}

/** What a server sends: interim replies, a final one, sometimes more than was asked for; sometimes with bytes changed. */
export function replyBytes(random: Random): Buffer {
  const interims = Array.from({ length: random.chance(0.8) ? 0 : 1 + random.below(3) }, () => interim(random));
  const count = random.chance(0.9) ? 1 : 2;
  return mutate(random, interims.join('') + Array.from({ length: count }, () => reply(random)).join(''));
}

/** The pieces in which bytes arrive; one in two times they come whole. */
export function cut(random: Random, bytes: Buffer): Buffer[] {
  const ends = Array.from({ length: random.chance(0.5) ? 0 : 1 + random.below(5) }, () =>
    random.below(bytes.length + 1),
  );
  return [...ends, bytes.length].toSorted((a, b) => a - b).map((end, i, all) => bytes.subarray(all[i - 1] ?? 0, end));
}

function request(random: Random): string {
  const body = random.chance(0.5) ? text(random) : null;
  const isChunked = random.chance(0.5);
  const lines = [`Host: ${random.pick(HOSTS)}`];
  for (let i = random.below(5); i > 0; i--) lines.push(random.pick(REQUEST_FIELDS));
  if (body !== null) lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  if (random.chance(0.15)) lines.push(random.pick(FRAMING));
  const minor = random.chance(0.85) ? 1 : 0;
  const head = `${random.pick(METHODS)} ${random.pick(TARGETS)} HTTP/1.${minor}\r\n${shuffle(random, lines).join('\r\n')}\r\n\r\n`;
  return head + (body === null ? '' : isChunked ? chunks(random, body) : body);
}

function interim(random: Random): string {
  return `HTTP/1.1 ${random.pick(['100 Continue', '102 Processing', '103 Early Hints'])}\r\n${random.pick(['', 'Link: </a>\r\n'])}\r\n`;
}

function reply(random: Random): string {
  const body = text(random);
  const status = random.pick([
    '200 OK',
    '200 OK',
    '404 Not Found',
    '503 X',
    '204 No',
    '304 Not Modified',
    '301 ',
    '101 X',
  ]);
  const lines = ['Date: now'];
  for (let i = random.below(4); i > 0; i--) lines.push(random.pick(REPLY_FIELDS));
  const how = random.below(4);
  if (how === 0) lines.push('Transfer-Encoding: chunked');
  else if (how === 1 || how === 2) lines.push(`Content-Length: ${body.length}`);
  if (random.chance(0.1)) lines.push(random.pick(FRAMING));
  const head = `HTTP/1.${random.chance(0.9) ? 1 : 0} ${status}\r\n${shuffle(random, lines).join('\r\n')}\r\n\r\n`;
  return head + (how === 0 ? chunks(random, body) : body);
}

function chunks(random: Random, body: string): string {
  let coded = '';
  for (let at = 0; at < body.length;) {
    const run = body.slice(at, at + 1 + random.below(body.length));
    at += run.length;
    coded += `${'0'.repeat(random.below(3))}${run.length.toString(16)}${random.pick(EXTENSIONS)}\r\n${run}\r\n`;
  }
  return `${coded}0${random.pick(EXTENSIONS)}\r\n${random.pick(TRAILERS)}\r\n`;
}

/** A body that looks like messages. */
function text(random: Random): string {
  return random.pick([
    '',
    'x',
    'hello',
    '0\r\n\r\n',
    'GET /inner HTTP/1.1\r\nHost: inner.test\r\n\r\n',
    'x'.repeat(random.below(70_000)),
  ]);
}

/** Up to three places where bytes are replaced, left out, put in or doubled; half of all messages stay as they are. */
function mutate(random: Random, message: string): Buffer {
  let changed = message;
  for (let i = random.chance(0.5) ? 0 : 1 + random.below(3); i > 0; i--) {
    // Most of what decides is in the heads.
    const at = random.below(random.chance(0.8) ? Math.min(changed.length, 400) : changed.length);
    const taken = random.below(4);
    const put = random.chance(0.3)
      ? changed.slice(at, at + random.below(40))
      : random.pick(MARKS).repeat(random.below(3));
    changed = changed.slice(0, at) + put + changed.slice(at + taken);
  }
  return Buffer.from(changed, 'latin1');
}

function shuffle(random: Random, lines: readonly string[]): string[] {
  return lines
    .map((line) => ({ line, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ line }) => line);
}

const METHODS = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND'];
const HOSTS = ['a.test', 'a.test', 'A.TEST', 'a.test:80', 'a.test.', 'b.test:81', '[::1]:8080', ''];
const TARGETS = [
  '/',
  '/a?b=c',
  '/a/../b/./c',
  '/%41%2f%2e%2e/%00'.slice(0, -3),
  '/..;/x',
  '//x//',
  '*',
  'http://a.test/x',
  'http://b.test',
  'https://a.test:443/?q',
  'a.test:443',
  '/x#y',
  '/\\..\\x',
  '/?a b',
];
const REQUEST_FIELDS = [
  'Connection: close',
  'Connection: keep-alive, X-A',
  'Connection: Host, Content-Length, Transfer-Encoding, X-Forwarded-For',
  'Connection: upgrade\r\nUpgrade: websocket',
  'Expect: 100-continue',
  'TE: trailers, gzip;q=0.5',
  'Trailer: X-Sum',
  'X-A: 1',
  'x_forwarded_for: 6.6.6.6',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Host: evil.test',
  'Max-Forwards: 1',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: close',
  'X-Long: ' + 'y'.repeat(300),
  'X-Latin: \xe4\xff\t.',
];
const REPLY_FIELDS = [
  'Connection: close',
  'Connection: keep-alive, X-A',
  'X-A: 1',
  'Keep-Alive: timeout=5',
  'Trailer: X-Sum',
  'Set-Cookie: a=b',
  'Upgrade: h2c',
];
const FRAMING = [
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length : 5',
  ' Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer_Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rContent-Length: 3',
  'Host: evil.test',
];
const EXTENSIONS = ['', '', '', ';a', ';a=b', ';a="b\\"\t"', ' ', ';\n'];
const TRAILERS = ['', '', 'X-Sum: 1\r\n', 'Content-Length: 3\r\n', 'Host: evil.test\r\n', 'X: y\r\n z\r\n'];
const MARKS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '0',
  '1',
  'f',
  '\0',
  '\x7f',
  '\xff',
  '/',
  '?',
  '#',
  '%',
  '"',
  '\\',
];
