import http from 'node:http';
import { WebSocketServer } from 'ws';

/** Sends every WebSocket message back, on each of the ports on the command line. */
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => socket.terminate());
});
for (const port of process.argv.slice(2)) {
  const server = http.createServer((_request, reply) => reply.end());
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
  });
  server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
}
