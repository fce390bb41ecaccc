import { forwardedLines } from '../../lib/exchange/forwarded.ts';
import { encodeReply } from '../../lib/http/encode-reply.ts';
import { encodeRequest } from '../../lib/http/encode-request.ts';
import type { RequestEdits } from '../../lib/http/encode-request.ts';
import { frameRequest } from '../../lib/http/framing.ts';
import { Head } from '../../lib/http/head.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { nanoseconds } from './nanoseconds.ts';
import { requestText } from './request.ts';

/** Nanoseconds per head that is written: `npm run bench:micro -- encode`. */

const written = Buffer.alloc(65536);
const limits = { maxHeadBytes: 65536, maxFields: 128 };
const browser: RequestEdits = {
  target: null,
  host: null,
  listed: null,
  guarded: null,
  set: [],
  forwarded: forwardedLines('127.0.0.1', null),
  trusted: false,
  upgrade: null,
  trailers: false,
  method: null,
  length: -1,
};

const request = requestHead(requestText({ path: '/catalog/shoes/42?color=black' }));
measureRequest('request, 12 fields', browser);
measureRequest('request, 12 fields, another target', { ...browser, target: '/shoes/42' });
measureRequest('request, 12 fields, one set by the graph', { ...browser, set: ['X-Team', 'a'] });
measureRequest('request, 12 fields, one listed in Connection', { ...browser, listed: ['referer'] });

const reply = replyHead(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\n' +
    'Content-Length: 5120\r\nConnection: keep-alive\r\nCache-Control: max-age=60\r\nETag: "0123456789abcdef"\r\n\r\n',
);
const asIs = { listed: null, taken: null, dropLength: false, lines: '' };
measure('reply, 7 fields', () => encodeReply(reply, asIs));

function measureRequest(name: string, edits: RequestEdits): void {
  measure(name, () => encodeRequest(request, edits));
}

/** With the copy that a write makes: until then the text is only a list of its parts. */
function measure(name: string, encode: () => string): void {
  nanoseconds(name, encode().length, () => written.latin1Write(encode()));
}

function requestHead(text: string): Head {
  const head = new Head(limits.maxFields);
  const bytes = Buffer.from(text, 'latin1');
  if (parseRequestHead(head, bytes, 0, bytes.length, limits) !== bytes.length) throw new Error('not a request');
  if (frameRequest(head, 0) !== 0) throw new Error('no framing');
  return head;
}

function replyHead(text: string): Head {
  const head = new Head(limits.maxFields);
  const bytes = Buffer.from(text, 'latin1');
  if (parseReplyHead(head, bytes, 0, bytes.length, limits) !== bytes.length) throw new Error('not a reply');
  return head;
}
