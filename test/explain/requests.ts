import type { Random } from '../sync/random.ts';

/** A request as bytes: most are sound, some are refused. `isSound`: its body is all there, however it is read. */
export interface RandomRequest {
  readonly head: string;
  readonly body: string;
}

export function randomRequest(random: Random): RandomRequest {
  const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
  const body = method === 'POST' || method === 'PUT' ? random.pick(['', 'abc', 'x'.repeat(150)]) : '';
  const isChunked = body !== '' && random.chance(0.3);
  const lines = [`Host: ${random.pick(HOSTS)}`];
  for (let i = random.below(6); i > 0; i--) lines.push(random.pick(FIELDS));
  if (isChunked) lines.push('Transfer-Encoding: chunked');
  else if (body !== '' || method === 'POST') lines.push(`Content-Length: ${body.length}`);
  if (random.chance(0.03)) lines.push(random.pick(BAD));
  const target = `${random.pick(PATHS)}${random.pick(['', '', '?x=1', '?x=abc&y', '?lang=de&x'])}`;
  const form = random.chance(0.05) ? `http://${random.pick(HOSTS)}${target}` : random.chance(0.02) ? '*' : target;
  const version = random.chance(0.95) ? 'HTTP/1.1' : random.pick(['HTTP/1.0', 'HTTP/2.0']);
  const head = `${method} ${form} ${version}\r\n${lines.join('\r\n')}\r\n\r\n`;
  return { head, body: isChunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body };
}

const HOSTS = ['a.test', 'A.test', 'a.test.', 'b.test', 'b.test:8080', 'x.c.test', 'nobody.test'];
const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/blog',
  '/blog/x',
  '/api',
  '/api/v1/9',
  '/%7ea/b',
  '/a/../blog/x',
  '/a%2Fb',
  '//x',
  '/12/34',
  '/%41',
  '/ü',
];
const FIELDS = [
  'Accept-Encoding: gzip, br',
  'Accept-Encoding: zstd',
  'User-Agent: HTTPie/1.0',
  'User-Agent: curl/8',
  'User-Agent:',
  'X-Beta: 1',
  'X-Beta: 22',
  'X-Beta: no',
  'Cookie: who=me; other=1',
  'Cookie: who=nobody',
  'Cookie: session=none',
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-For: 192.0.2.7, 127.0.0.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: said.test',
  'X_Real_IP: 1.2.3.4',
  'Forwarded: for=1.2.3.4',
  'X-Request-Id: given-1',
  'Connection: X-Beta',
  'Connection: keep-alive',
  'TE: trailers',
  'Accept: */*',
  'Max-Forwards: 0',
  'Max-Forwards: 7',
  'X-Long:   spaced out  ',
  'Accept-Encoding: gzip',
  'Accept-Encoding: br;q=0.5, zstd',
  'Accept-Encoding: identity;q=0',
  'If-None-Match: "kept"',
  'Cache-Control: no-transform',
  'Cache-Control: no-cache',
  'Cache-Control: only-if-cached',
  'Range: bytes=0-0',
];
const BAD = [
  'Host: b.test',
  'Bad Name: x',
  'Content-Length: 5, 6',
  'Transfer-Encoding: gzip',
  'Expect: a miracle',
  'X: a\u0001b',
  ' folded',
];
