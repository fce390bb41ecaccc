/** What every proxy here is told on its command line: where to listen, and the origins to forward to. */
export const [listenPort = 0, ...serverPorts] = process.argv.slice(2).map(Number);

const origins = serverPorts.map((port) => `http://127.0.0.1:${port}`);
let turn = 0;

/** The origin whose turn it is. */
export function nextOrigin(): string {
  turn = (turn + 1) % origins.length;
  return origins[turn] ?? '';
}
