import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { ManyCertificates, nameOf } from '../fixtures/many-certificates.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { usageOf } from './measure.ts';

/**
 * Many certificates in one instance: `npm run bench:certificates -- --count 10000 --rotated 1000`. How long a start takes and how
 * much memory, with none and with all; what each that is in use takes; how long a change takes until it is served; and that no
 * handshake fails while certificates are replaced under load.
 */
const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, rotated: { type: 'string', default: '1000' } },
});
const count = Number(values.count);
const rotated = Number(values.rotated);

/** Where the instance of the moment speaks TLS. */
let port = 0;
const ca = new TestCa();
const many = new ManyCertificates(ca);
const directory = mkdtempSync(join(tmpdir(), 'elb-certificates-'));
process.on('exit', () => {
  rmSync(directory, { recursive: true, force: true });
  ca.remove();
});

const none = await measureStart({});
await none.elb.stop();
console.log(`without any: start ${none.seconds.toFixed(2)} s, ${megabytes(none.bytes)} MB in all processes`);
const all = await measureStart(Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, many.make(i)])));
console.log(`with ${count}: start ${all.seconds.toFixed(2)} s, ${megabytes(all.bytes)} MB in all processes`);

for (let i = 0; i < count; i++) await shake(i);
const used = usageOf(all.elb.pid).residentBytes;
console.log(`after a handshake with each: ${megabytes(used)} MB in all processes`);

let isOver = false;
let handshakes = 0;
let failed = 0;
const load = Promise.all([0, 1, 2, 3].map((offset) => shakeOn(offset)));
const times: number[] = [];
for (let i = 0; i < rotated; i++) {
  // To make it is no part of the change.
  const pair = many.make(i);
  const begun = performance.now();
  const { status, text } = await all.elb.admin('PUT', 'cert', { [`c${i}`]: pair });
  if (status !== 200) throw new Error(text);
  times.push(performance.now() - begun);
}
isOver = true;
await load;
await all.elb.stop();
times.sort((a, b) => a - b);
const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
console.log(
  `${rotated} replaced under load: served by every worker after ${at(0.5)} ms, 99 %: ${at(0.99)} ms, most ${at(1)} ms`,
);
console.log(`${handshakes} handshakes meanwhile, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

interface Started {
  readonly elb: Elb;
  readonly seconds: number;
  readonly bytes: number;
}

async function measureStart(certs: Readonly<Record<string, Pair>>): Promise<Started> {
  const [plain = 0, secure = 0] = freePorts(2);
  const file = join(directory, 'elb.json');
  writeFileSync(file, JSON.stringify({ domains: {}, upstreams: {}, certs }));
  const env = { ELB_FILE: file, ELB_LISTEN: `127.0.0.1:${plain},tls:127.0.0.1:${secure}`, ELB_HISTORY: '0' };
  const begun = performance.now();
  const elb = await startElb({ env });
  const seconds = (performance.now() - begun) / 1000;
  port = secure;
  return { elb, seconds, bytes: usageOf(elb.pid).residentBytes };
}

async function shakeOn(offset: number): Promise<void> {
  for (let i = offset; !isOver; i += 7) {
    try {
      await shake(i % rotated);
      handshakes++;
    } catch {
      failed++;
    }
  }
}

async function shake(number: number): Promise<void> {
  const options = { servername: nameOf(number), ca: ca.certificate, rejectUnauthorized: true };
  (await SecureClient.connect(port, options)).destroy();
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}
