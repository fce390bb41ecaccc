import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * HTTP servers on ports of their own, which all behave in the same way: as the parent process says by a message, one of `Mode`.
 * Sends its ports. Argument: how many servers.
 */
export type Mode = 'well' | 'slow' | 'erroring' | 'flapping';

const count = Number(process.argv[2]);
let mode: Mode = 'well';
const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
const ports = servers.map((server) => (server.address() as AddressInfo).port); // they listen on TCP
let flapping: NodeJS.Timeout | undefined;

process.on('message', (message: Mode) => {
  mode = message;
  clearInterval(flapping);
  if (mode === 'flapping') flapping = setInterval(() => void flap(), FLAP_MS);
  else void comeBack();
});
process.send?.(ports);

function listen(port: number): Promise<Server> {
  const server = createServer((_request, response) => {
    if (mode === 'erroring') response.writeHead(500).end('cannot\n');
    else if (mode === 'slow') setTimeout(() => response.end('ok\n'), SLOW_MS);
    else setTimeout(() => response.end('ok\n'), USUAL_MS);
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen({ port, host: '127.0.0.1', backlog: 1024 }, () => resolve(server)));
}

/** Gone with all its connections, or there again. */
async function flap(): Promise<void> {
  if (servers.some((server) => !server.listening)) {
    await comeBack();
    return;
  }
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
}

async function comeBack(): Promise<void> {
  for (const [i, server] of servers.entries()) {
    if (!server.listening) servers[i] = await listen(ports[i] ?? 0);
  }
}

const USUAL_MS = 5;
const SLOW_MS = 1000;
const FLAP_MS = 700;
