/** What every proxy here is told on its command line: where to listen, and the ports of the servers to forward to. */
export const [listenPort = 0, ...serverPorts] = process.argv.slice(2).map(Number);

let turn = 0;

/** The server whose turn it is. */
export function nextServerPort(): number {
  turn = (turn + 1) % serverPorts.length;
  return serverPorts[turn] ?? 0;
}

/** The same as an origin. */
export function nextOrigin(): string {
  return `http://127.0.0.1:${nextServerPort()}`;
}
