// Answers from memory by node:http2 alone: what a stream costs there before anybody has proxied anything. `http2-server.ts PORT`.
import http2 from 'node:http2';

const body = 'x'.repeat(130);
const server = http2.createServer({ strictSingleValueFields: false } as http2.ServerOptions);
server.on('stream', (stream: http2.ServerHttp2Stream) => {
  stream.on('error', () => undefined);
  stream.respond([':status', '200', 'content-type', 'text/plain', 'content-length', String(body.length)]);
  stream.end(body, 'latin1');
});
server.listen(Number(process.argv[2]), '127.0.0.1');
