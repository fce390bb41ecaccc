import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a directory for sockets between the program's processes, which only this user may look into, in the state directory; a user
 * who has none gets it among temporary files. It is gone when the process is; what a killed one has left goes at the next start.
 */
export async function privateDirectory(state: string | null): Promise<string> {
  const base = state ?? tmpdir();
  if (state !== null) mkdirSync(state, { recursive: true, mode: 0o700 });
  const names = readdirSync(base).filter((name) => name.startsWith(PREFIX));
  for (const directory of names.map((name) => join(base, name))) {
    if (await isForsaken(directory)) rmSync(directory, { recursive: true, force: true });
  }
  const directory = mkdtempSync(join(base, PREFIX));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  await answerIn(directory);
  return directory;
}

/** Says that the directory is in use for as long as this process lives, however it ends. A process id would mean nothing in another container. */
function answerIn(directory: string): Promise<void> {
  const server = net.createServer((socket) => socket.destroy()).unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(join(directory, SIGN), resolve);
  });
}

function isForsaken(directory: string): Promise<boolean> {
  const probe = net.connect(join(directory, SIGN));
  return new Promise((resolve) => {
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    // Without a sign of life at all it has only just been made.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

const PREFIX = 'elb-run-';
const SIGN = 'alive.sock';
