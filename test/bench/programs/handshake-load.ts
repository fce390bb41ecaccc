import tls from 'node:tls';

/**
 * Shakes hands again and again, a few at a time, for some seconds: `handshake-load PORT SECONDS AT-ONCE RESUMES`. With `RESUMES` 1
 * every connection goes on with the session of a first one.
 */
const [port = 0, seconds = 1, atOnce = 1, resumes = 0] = process.argv.slice(2).map(Number);
const options = { port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false } as const;
// The same work for all: not every OpenSSL knows the keys of the post-quantum kind.
const context = tls.createSecureContext({ ecdhCurve: 'X25519' });
const session = resumes === 1 ? await firstSession() : undefined;
const end = performance.now() + seconds * 1000;
let handshakes = 0;
let reused = 0;
let errors = 0;

await Promise.all(Array.from({ length: atOnce }, () => keepOn()));
console.log(`RESULT ${JSON.stringify({ handshakes, reused, errors })}`);

async function keepOn(): Promise<void> {
  while (performance.now() < end) await shake();
}

function shake(): Promise<void> {
  return new Promise((resolve) => {
    const socket = tls.connect({ ...options, secureContext: context, ...(session !== undefined && { session }) });
    socket.on('secureConnect', () => {
      handshakes++;
      if (socket.isSessionReused()) reused++;
      socket.destroy();
    });
    socket.on('error', () => errors++);
    socket.on('close', () => resolve());
  });
}

function firstSession(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ ...options, secureContext: context });
    socket.on('session', (ticket: Buffer) => {
      resolve(ticket);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.resume();
  });
}
