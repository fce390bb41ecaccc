import { frameRequest } from '../../lib/http/framing.ts';
import { Head } from '../../lib/http/head.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { readTarget, Target } from '../../lib/http/target.ts';

/** Nanoseconds per head, the best of ten runs: `node test/bench/micro-head.ts`. It prints and asserts nothing. */

const SMALL = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const BROWSER =
  'GET /products/list?page=2&sort=price HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\n' +
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\nUpgrade-Insecure-Requests: 1\r\n' +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n' +
  'Referer: https://shop.example.com/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n' +
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n';
const REPLY =
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\n' +
  'Content-Length: 5120\r\nConnection: keep-alive\r\nCache-Control: max-age=60\r\nETag: "0123456789abcdef"\r\n\r\n';

const limits = { maxHeadBytes: 65536, maxFields: 128 };
const head = new Head(limits.maxFields);
const target = new Target();

measure('request, 1 field', SMALL, parseRequest);
measure('request, 10 fields', BROWSER, parseRequest);
measure('request, 10 fields, with framing and target', BROWSER, parseAll);
measure('reply, 7 fields', REPLY, parseReply);

function parseRequest(bytes: Buffer): number {
  return parseRequestHead(head, bytes, 0, bytes.length, limits);
}

function parseAll(bytes: Buffer): number {
  return parseRequest(bytes) + frameRequest(head, 0) + readTarget(head, target);
}

function parseReply(bytes: Buffer): number {
  return parseReplyHead(head, bytes, 0, bytes.length, limits);
}

function measure(name: string, text: string, parse: (bytes: Buffer) => number): void {
  const bytes = Buffer.from(text, 'latin1');
  const times: number[] = [];
  const rounds = 200_000;
  for (let run = 0; run < 10; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) if (parse(bytes) !== bytes.length) throw new Error(`${name}: not parsed`);
    times.push(Number(process.hrtime.bigint() - start) / rounds);
  }
  const best = Math.min(...times);
  console.log(
    `${name.padEnd(45)} ${bytes.length} bytes  ${best.toFixed(0)} ns  ${((bytes.length / best) * 1000).toFixed(0)} MB/s`,
  );
}
